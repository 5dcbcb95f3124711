import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { envpack, ENVPACK, execute, has, makeScratch, runElsewhere, type Outcome } from "../../real/commands.js";
import { buildSample, SAMPLE_OUTPUT } from "../../real/sample.js";
import { mountImage, mountMissing, unmountAll } from "./mount.js";

const scratch = makeScratch();
const project = join(scratch, "project");
const image = join(scratch, "share/env.squashfs");
const without = has("mksquashfs") ? null : "squashfs-tools is not installed";

const must = ({ status, stdout, stderr }: Outcome): string => {
  expect([status, stderr]).toEqual([0, expect.anything()]);
  return stdout;
};

beforeAll(() => {
  if (without !== null) return;
  buildSample(project);
  const { status, stderr } = envpack(["pack", project, "-o", image]);
  expect(stderr).toMatch(/next: squashfuse .*env\.squashfs DIR, or mount it;/);
  expect(status).toBe(0);
});

afterAll(unmountAll);

test("the same environment gives the same image, whatever the number of threads", ({ skip }) => {
  if (without !== null) return skip(without);
  const again = join(scratch, "again.squashfs");
  const { sha256, archiveBytes } = JSON.parse(must(envpack(["pack", project, "--json", "-j", "1", "-o", again]))) as {
    sha256: string;
    archiveBytes: number;
  };
  const bytes = readFileSync(image);
  expect(readFileSync(again).equals(bytes)).toBe(true);
  expect(must(execute("sha256sum", [image])).split(" ")[0]).toBe(sha256);
  expect(archiveBytes).toBe(bytes.length);
  must(envpack(["pack", project, "-q", "--compress-level", "1", "--force", "-o", again]));
  expect(readFileSync(again).equals(bytes)).toBe(false);
});

test("its blocks lie in the order of loading: node, each package.json, main files, all else; its content has the archive's digest", ({
  skip,
}) => {
  if (without !== null || !has("unsquashfs")) return skip(without ?? "squashfs-tools is not installed");
  const shop = join(scratch, "shop");
  // Not compressible, and as large as a block: so each is found in the image, as it is.
  const body = (mark: string): Buffer => Buffer.concat([Buffer.from(`//${mark}`), randomBytes(150_000)]);
  const files: Record<string, string | Buffer> = {
    "package.json": JSON.stringify({ name: "shop", version: "1.0.0", dependencies: { b: "1" }, main: "start.js" }),
    "a-first-by-name.js": body("plain"),
    "start.js": body("start"),
    "node_modules/b/a.js": body("a"),
    "node_modules/b/package.json": JSON.stringify({ name: "b", version: "1.0.0", exports: { ".": { import: "./z.mjs" } } }),
    "node_modules/b/z.mjs": body("z"),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(shop, path)), { recursive: true });
    writeFileSync(join(shop, path), text);
  }
  const made = join(scratch, "shop.squashfs");
  must(envpack(["pack", shop, "-q", "--ignore-lock", "--sbom", "-o", made]));
  const listing = join(scratch, "listing");
  must(execute("unsquashfs", ["-q", "-n", "-d", listing, made]));
  const index = readFileSync(join(listing, ".envpack/index.jsonl"), "utf8").split("\n");
  const at = (path: string): number => index.findIndex((line) => line.includes(`"path":"${path}"`));
  const expected = ["bin/node", "app/package.json", "app/start.js", "app/a-first-by-name.js"];
  expect(expected.map(at)).toEqual(expected.map(at).sort((a, b) => a - b));
  expect(at("app/node_modules/b/package.json")).toBeLessThan(at("app/start.js"));
  expect(at("app/node_modules/b/z.mjs")).toBeLessThan(at("app/a-first-by-name.js"));
  const blocks = readFileSync(made);
  const places = ["app/start.js", "app/node_modules/b/z.mjs", "app/a-first-by-name.js", "app/node_modules/b/a.js"].map((path) =>
    blocks.indexOf(readFileSync(join(listing, path)).subarray(0, 256)),
  );
  expect(Math.min(...places)).toBeGreaterThan(0);
  expect(Math.max(...places.slice(0, 2))).toBeLessThan(Math.min(...places.slice(2)));
  const archive = join(scratch, "shop.tar.zst");
  must(envpack(["pack", shop, "-q", "--ignore-lock", "--sbom", "-o", archive]));
  const digestOf = (path: string): unknown => (JSON.parse(must(envpack(["info", "--json", path]))) as { digests: unknown }).digests;
  expect(digestOf(listing)).toEqual(digestOf(archive));
  expect(readFileSync(`${made}.cdx.json`, "utf8")).toBe(readFileSync(`${archive}.cdx.json`, "utf8"));
});

describe("mounted", () => {
  const missing = without ?? mountMissing();

  test.each(["mnt", "far/down/in/the tree"])("at %s it runs with its origin hidden, read-only, and verifies itself", (place) => {
    if (missing !== null) return;
    const at = join(scratch, place);
    mountImage(image, at);
    expect(() => writeFileSync(join(at, "app/new"), "")).toThrow(/EROFS|EACCES|EPERM|ENOSYS/);
    const elsewhere = (...command: string[]): string => must(runElsewhere(command, [project]));
    expect(JSON.parse(elsewhere(join(at, "bin/node"), join(at, "app/main.js")))).toMatchObject(SAMPLE_OUTPUT);
    expect(elsewhere(join(at, "bin/semver"), "1.2.3")).toBe("1.2.3\n");
    expect(elsewhere("sh", "-c", `. '${at}/bin/activate' && greet you`)).toBe("hello you\n");
    elsewhere(join(at, "bin/envpack"), "verify", "-q");
  });

  test("or the reason why not is told", ({ skip }) => {
    if (missing !== null) return skip(missing);
  });
});

test("the commands of docs/clusters.md, one after the other", ({ skip }) => {
  const missing = without ?? mountMissing();
  if (missing !== null) return skip(missing);
  const section =
    readFileSync(join(import.meta.dirname, "../../../docs/clusters.md"), "utf8")
      .split("\n## ")
      .find((part) => part.startsWith("A shared filesystem")) ?? "";
  const commands = section
    .split("\n")
    .filter((line) => line.startsWith("    "))
    .map((line) => line.trim().replace(/ +#.*$/, ""));
  expect(commands.length).toBeGreaterThanOrEqual(5);
  writeFileSync(join(scratch, "job.mjs"), 'import ms from "ms"; console.log(ms("1m"));');
  mkdirSync(join(scratch, "node"), { recursive: true });
  let said = "";
  try {
    for (const command of commands) {
      // Either way to mount does; the other needs what this machine may not have.
      if ((mountMissing.way === "loop" ? /^(squashfuse|fusermount) / : /^u?mount /).test(command)) continue;
      const line = command.replaceAll("/share/envs", join(scratch, "envs")).replaceAll("/run/shop", join(scratch, "node"));
      said += must(
        execute(
          "bash",
          [
            "-c",
            `envpack() { '${process.execPath}' '${ENVPACK}' "$@"; }; cd '${command.startsWith("envpack pack") ? project : scratch}' && ${line}`,
          ],
          { timeout: 120_000 },
        ),
      );
    }
  } finally {
    // Where one of them failed.
    execute("umount", ["-q", join(scratch, "node")]);
  }
  expect(said).toContain("60000");
  expect(readdirSync(join(scratch, "node"))).toEqual([]);
});

test("an image is not read from outside: the hint says how to read it", ({ skip }) => {
  if (without !== null) return skip(without);
  for (const args of [
    ["list", image],
    ["info", image],
    ["verify", image],
    ["unpack", image, join(scratch, "out")],
  ]) {
    expect(envpack(args), args.join(" ")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(
        /^envpack: error\[USAGE\] a squashfs image is read where it is mounted[^\n]*\nhint: [^\n]*squashfuse[^\n]*\n/,
      ),
    });
  }
  expect(existsSync(join(scratch, "out"))).toBe(false);
});

describe("refused, with nothing left behind:", () => {
  const output = join(scratch, "refused/env.squashfs");
  const refusal = (args: readonly string[], path: string, status = 1): string => {
    const outcome = envpack(["pack", project, "-o", output, ...args], { env: { ...process.env, PATH: path } });
    expect(outcome.status, outcome.stderr).toBe(status);
    expect(existsSync(join(scratch, "refused"))).toBe(false);
    return outcome.stderr;
  };
  const programs = (scripts: Readonly<Record<string, string>>): string => {
    const folder = join(scratch, `programs-${Object.keys(scripts).join("-")}`);
    mkdirSync(folder, { recursive: true });
    for (const [name, script] of Object.entries(scripts)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    if (!existsSync(join(folder, "node"))) symlinkSync(process.execPath, join(folder, "node"));
    return folder;
  };

  test("without the program, or with an older one", () => {
    buildOnce();
    expect(refusal([], programs({ none: "" }))).toMatch(
      /error\[CODEC_MISSING\] the program mksquashfs[^\n]* is missing\nhint: install squashfs-tools/,
    );
    expect(refusal([], programs({ mksquashfs: "echo mksquashfs version 4.4 \\(2019/08/29\\)" }))).toMatch(
      /error\[CODEC_MISSING\] [^\n]* version 4\.4, too old[^\n]*\nhint: install squashfs-tools/,
    );
  });

  test("where the program fails at once, half way, or at the end", () => {
    buildOnce();
    for (const failure of [
      "exit 3",
      "head -c 100000 >/dev/null; echo 'FATAL ERROR: it failed' >&2; exit 1",
      "cat >/dev/null; exit 2",
      "kill -9 $$",
    ]) {
      const path = programs({ mksquashfs: `[ "$1" = -version ] && exec echo mksquashfs version 4.6; ${failure}` });
      expect(refusal([], `${path}:/usr/bin:/bin`)).toMatch(/error\[COMMAND_FAILED\] mksquashfs failed \(/);
    }
  });

  test("to a stream, with a signature, or with a level that there is not", () => {
    buildOnce();
    const path = process.env.PATH ?? "";
    expect(envpack(["pack", project, "--format", "squashfs", "-o", "-"])).toMatchObject({ status: 2, stdout: "" });
    expect(refusal(["--sign", "key"], path, 2)).toContain("bears no signature");
    expect(refusal(["--compress-level", "23"], path, 2)).toContain("from 1 to 22");
    expect(refusal(["--reuse", image], path, 2)).toContain("takes nothing from an earlier archive");
  });

  test("on a disk that is full", ({ skip }) => {
    if (without !== null) return skip(without);
    const disk = join(scratch, "small disk");
    mkdirSync(disk);
    if (process.getuid?.() !== 0 || execute("mount", ["-t", "tmpfs", "-o", "size=8m", "none", disk]).status !== 0)
      return skip("this user may mount no disk");
    try {
      const { status, stderr } = envpack(["pack", project, "-o", join(disk, "env.squashfs")]);
      expect([status, stderr]).toEqual([1, expect.stringMatching(/error\[NO_SPACE\]/)]);
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      execute("umount", [disk]);
    }
  });
});

/** These are refused before, or without, the real program. */
function buildOnce(): void {
  if (!existsSync(project)) buildSample(project);
}
