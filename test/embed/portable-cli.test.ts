import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readPortableCli } from "../../src/embed/portable-cli.js";
import { VERSION } from "../../src/support/version.js";
import { layOut, makeEnvironment, makeFolder, NASTY, write } from "./furnished.js";

const HERE = process.versions.node;
const PROJECT = join(import.meta.dirname, "../..");

/** An environment whose runtime says to be of this version; it is the node that runs the test. */
function runtime(version: string): NonNullable<ReturnType<typeof makeEnvironment>["runtime"]> {
  return { ...makeEnvironment().runtime!, version };
}

async function bytesFor(version: string | null): Promise<Buffer> {
  const bytes = await readPortableCli(version === null ? null : { version });
  if (bytes === null) throw new Error("no tool for this version");
  return Buffer.from(bytes);
}

describe("bin/envpack", () => {
  let root: string;
  beforeAll(async () => {
    root = await layOut(makeFolder(NASTY), makeEnvironment({ runtime: runtime(HERE) }));
  });

  function envpack(args: readonly string[], env: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(join(root, "bin/envpack"), args, { encoding: "utf8", env, cwd: "/" });
  }

  it("starts with the environment's own node, without PATH, wherever it lies", () => {
    expect(envpack(["--version"])).toMatchObject({ status: 0, stdout: `${VERSION}\n`, stderr: "" });
  });

  it("starts below a folder whose package.json makes its files ES modules", () => {
    write(join(root, "../package.json"), '{ "type": "module" }');
    expect(envpack(["--version"])).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
  });

  it("works on the environment that it lies in", () => {
    const { status, stderr } = envpack(["info"]);
    expect(status).toBe(1);
    expect(stderr).toContain("NOT_AN_ENVIRONMENT");
    expect(stderr).toContain(".envpack/manifest.json");
  });

  it("says that it does not pack, and how to", () => {
    for (const words of [["pack"], ["pack", ".", "-o", "x.tar", "--omit", "dev"], ["pack", "--help"]]) {
      const { status, stderr } = envpack(words);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/USAGE.*does not pack\nhint: install envpack /)]);
    }
  });

  it("names its functions in stack traces under ENVPACK_DEBUG", () => {
    expect(envpack(["info"], { ENVPACK_DEBUG: "1" }).stderr).toMatch(/at (async )?(readOwnFile|openFolder)/);
  });

  it("says so where the packed runtime is too old for it", async () => {
    const old = await layOut(makeFolder(), makeEnvironment({ runtime: runtime("16.20.2") }));
    const { status, stderr } = spawnSync(join(old, "bin/envpack"), ["info"], { encoding: "utf8" });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^envpack: this environment's Node.js is too old for envpack .*\n$/)]);
  });
});

describe("the one-file tool", () => {
  it("holds zstd for runtimes without it and where the runtime is not known, and only there", async () => {
    const [with20, with22, with26, without] = await Promise.all(["20.20.2", "22.14.0", "26.10.0", null].map(bytesFor));
    expect(with20!.equals(with22!) && with20!.equals(without!)).toBe(true);
    expect(with26!.length).toBeLessThan(690_000);
    // The WebAssembly binding has 740 kB; the other one, in asm.js, would add 1.3 MB.
    expect(with20!.length - with26!.length).toBeGreaterThan(500_000);
    expect(with20!.length).toBeLessThan(1_440_000);
    expect(await readPortableCli({ version: "20.18.3" })).toBeNull();
  });

  it("is the same bytes from another folder, and names none of this machine", async () => {
    const script = `import { bundlePortableCli } from ${JSON.stringify(join(PROJECT, "src/embed/build-portable-cli.mjs"))};
      process.stdout.write(await bundlePortableCli(true));`;
    const options = { cwd: "/", maxBuffer: 1 << 24, env: { ...process.env, HOME: "/nowhere" } };
    const again = execFileSync(process.execPath, ["--input-type=module", "-e", script], options);
    const bytes = await bytesFor("20.20.2");
    expect(again.equals(bytes)).toBe(true);
    for (const path of [PROJECT, process.env["HOME"] ?? PROJECT]) {
      if (path.length > 5) expect(bytes.includes(path)).toBe(false);
    }
  });
});
