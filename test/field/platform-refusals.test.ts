import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { planPack, type PackOptions } from "../../src/verbs/pack/pack.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { execute } from "../real/commands.js";
import { ManagerProject } from "./manager-project.js";
import { scratchFolder } from "../scratch.js";
import { refusalOf } from "./refusal-of.js";

describe.skipIf(process.platform !== "linux")("pack --platform, where it cannot be done", () => {
  let folder: string;
  let scratch: string;
  let project: ManagerProject;

  beforeAll(async () => {
    folder = makeFolder();
    project = await ManagerProject.make("npm@11.21.2", join(folder, "made"), {
      "package.json": { name: "refused", version: "1.0.0", dependencies: { large: "file:./large.tgz" } },
    });
    writeTree(join(folder, "large/package"), {
      "package.json": { name: "large", version: "1.0.0" },
      noise: randomBytes(3 << 20),
    });
    execute("tar", ["-czf", join(project.root, "large.tgz"), "-C", join(folder, "large"), "package"]);
    await project.sh("npm install --package-lock-only --ignore-scripts");
    project.become();
    scratch = scratchFolder("scratch");
    vi.stubEnv("TMPDIR", scratch);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  const refusal = (options: PackOptions = {}) =>
    refusalOf(planPack({ path: project.root, node: "none", platform: "linux-arm64", ...options }));
  /** Puts a program in front of all others, until the end of the file. */
  const putFirst = (name: string, script: string): string => {
    const bin = mkdtempSync(join(folder, "bin-"));
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}`);
    chmodSync(join(bin, name), 0o755);
    return `${bin}:${process.env.PATH ?? ""}`;
  };
  const left = (): string[] => readdirSync(scratch).filter((name) => name !== "node-compile-cache");

  // The first size does not take the copy of the project, the second one not what is installed.
  test.each(["1m", "5m"])("a disk of %s that is too small is told with the way out, and is empty afterwards", async (size) => {
    const disk = join(scratch, "disk");
    mkdirSync(disk);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", disk]);
    try {
      if (status !== 0) return;
      vi.stubEnv("TMPDIR", disk);
      expect(await refusal()).toMatchObject({ code: "NO_SPACE", path: disk, hint: expect.stringContaining("TMPDIR") });
      expect(readdirSync(disk).filter((name) => name !== "node-compile-cache")).toEqual([]);
      // The hint cures.
      vi.stubEnv("TMPDIR", scratch);
      expect(await refusal()).toEqual({});
    } finally {
      vi.stubEnv("TMPDIR", scratch);
      spawnSync("umount", [disk]);
      rmSync(disk, { recursive: true });
    }
  });

  test("an interrupted installation has ended, and nothing of it is left", async () => {
    const path = process.env.PATH ?? "";
    vi.stubEnv("PATH", putFirst("npm", `sleep 60 &\necho "$$ $!" > '${folder}/now'\nmv '${folder}/now' '${folder}/started'\nwait\n`));
    const interrupt = new AbortController();
    const refused = refusal({ signal: interrupt.signal });
    await vi.waitFor(() => expect(existsSync(join(folder, "started"))).toBe(true), { timeout: 60_000, interval: 20 });
    const started = readFileSync(join(folder, "started"), "utf8").trim().split(" ");
    interrupt.abort();
    expect(await refused).toMatchObject({ code: "INTERRUPTED" });
    await vi.waitFor(() => expect([started.length, started.filter((pid) => existsSync(`/proc/${pid}`))]).toEqual([2, []]), {
      timeout: 30_000,
      interval: 20,
    });
    expect(left()).toEqual([]);
    vi.stubEnv("PATH", path);
  });

  test("a manager that is not there, and one that does not start, are named", async () => {
    const other = writeTree(join(folder, "pnpm"), {
      "package.json": { name: "other", version: "1.0.0" },
      "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    });
    const path = process.env.PATH ?? "";
    // As corepack's shim without a network.
    vi.stubEnv("PATH", putFirst("pnpm", 'echo "Internal Error: no answer from the registry" >&2\nexit 1\n'));
    expect(await refusal({ path: other })).toMatchObject({
      code: "CROSS_INSTALL_FAILED",
      message: "`pnpm --version` fails: Internal Error: no answer from the registry",
    });
    vi.stubEnv("PATH", join(folder, "nothing"));
    expect(await refusal({ path: other })).toMatchObject({
      code: "CROSS_INSTALL_FAILED",
      message: "the project's lockfile is pnpm's, which is not on the PATH",
      hint: expect.stringContaining("install pnpm"),
    });
    vi.stubEnv("PATH", path);
    expect(left()).toEqual([]);
  });
});
