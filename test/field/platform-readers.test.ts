import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { pack } from "../../src/index.js";
import { execute, has, makeScratch } from "../real/commands.js";
import { ManagerProject } from "./manager-project.js";

const scratch = makeScratch();
const out = join(scratch, "out");

/** Python's own modules, which know nothing of envpack: a line of JSON of every entry. */
const LIST = `
import json, sys, zipfile, tarfile
rows = []
if sys.argv[1].endswith(".zip"):
    with zipfile.ZipFile(sys.argv[1]) as archive:
        assert archive.testzip() is None
        for one in archive.infolist():
            mode = one.external_attr >> 16
            rows.append({"name": one.filename, "mode": mode & 0o7777, "kind": {0o120000: "link", 0o040000: "folder"}.get(mode & 0o170000, "file"),
                "target": None, "text": archive.read(one).decode("utf8", "replace") if one.file_size < 20000 else ""})
else:
    with tarfile.open(sys.argv[1]) as archive:
        for one in archive:
            text = archive.extractfile(one).read().decode("utf8", "replace") if one.isfile() and one.size < 20000 else ""
            rows.append({"name": one.name, "mode": one.mode, "kind": "link" if one.issym() else "folder" if one.isdir() else "file",
                "target": one.linkname or None, "text": text})
print(json.dumps(rows))
`;

interface Row {
  readonly name: string;
  readonly mode: number;
  readonly kind: "file" | "folder" | "link";
  readonly target: string | null;
  readonly text: string;
}

function list(name: string): Map<string, Row> {
  const { stdout, stderr } = execute("python3", ["-c", LIST, join(out, name)]);
  expect(stderr).toBe("");
  return new Map((JSON.parse(stdout) as Row[]).map((row) => [row.name.replace(/\/$/, ""), row]));
}

describe.skipIf(!has("python3"))("archives for Windows and macOS, read by others", () => {
  beforeAll(async () => {
    const project = await ManagerProject.make("npm@11.21.2", join(scratch, "made"), {
      "package.json": { name: "plat", version: "1.0.0", dependencies: { "@node-rs/crc32": "1.10.6", semver: "7.7.2" } },
      "index.js": "require('@node-rs/crc32');\n",
    });
    await project.sh("npm install --package-lock-only --ignore-scripts");
    project.become();
    for (const platform of ["win32-x64", "darwin-arm64"])
      await pack({ path: project.root, platform, output: `${out}/`, node: "none", reuse: false });
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  test("Windows: names that it takes, no links, a .cmd beside each launcher, and what activates it", () => {
    const rows = list("plat-1.0.0-win32-x64.zip");
    const names = [...rows.keys()];
    const bad = names.filter((name) =>
      name.split("/").some((part) => /[<>:"|?*\\\u0000-\u001f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(part)),
    );
    expect(bad).toEqual([]);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
    // With the place of an archive before it the whole has to stay below Windows' 260.
    expect(names.filter((name) => name.length > 160)).toEqual([]);
    expect([...rows.values()].filter(({ kind }) => kind === "link")).toEqual([]);
    for (const name of ["bin/semver", "bin/semver.cmd", "bin/envpack.cmd", "bin/activate.ps1", "bin/activate.bat"])
      expect(names, name).toContain(name);
    const launcher = rows.get("bin/semver.cmd")?.text ?? "";
    expect(launcher).toMatch(/%~dp0/i);
    expect(launcher.split("\n").filter((line) => line !== "" && !line.endsWith("\r"))).toEqual([]);
    expect(launcher).not.toContain(scratch);
    expect(rows.get("bin/activate.ps1")?.text).toMatch(/\$PSScriptRoot/);
    expect(names.filter((name) => name.endsWith(".node"))).toEqual([expect.stringContaining("win32-x64-msvc")]);
  });

  test("macOS: what is started can be started, and links lead to what is in the archive", () => {
    const rows = list("plat-1.0.0-darwin-arm64.tar.gz");
    for (const name of ["bin/semver", "bin/envpack"]) expect((rows.get(name)?.mode ?? 0) & 0o111, name).toBe(0o111);
    const links = [...rows.values()].filter(({ kind }) => kind === "link");
    expect(links.length).toBeGreaterThan(0);
    const lost = links.filter(({ name, target }) => !rows.has(join(name, "..", target ?? "")));
    expect(lost).toEqual([]);
    expect([...rows.keys()].filter((name) => name.endsWith(".node"))).toEqual([expect.stringContaining("darwin-arm64")]);
    expect([...rows.keys()].filter((name) => name.endsWith(".cmd") || name.endsWith(".exe"))).toEqual([]);
  });

  test("bsdtar lists the same names in the zip as Python does", ({ skip }) => {
    if (!has("bsdtar")) skip("bsdtar is not installed");
    const archive = join(out, "plat-1.0.0-win32-x64.zip");
    const { stdout } = execute("bsdtar", ["-tf", archive]);
    const names = stdout.split("\n").filter((name) => name !== "");
    expect(names.map((name) => name.replace(/\/$/, "")).sort()).toEqual([...list("plat-1.0.0-win32-x64.zip").keys()].sort());
    expect(readFileSync(archive).subarray(0, 2).toString("latin1")).toBe("PK");
  });
});
