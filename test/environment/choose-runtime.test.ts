import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listEntries } from "../../src/cache/entries.js";
import { chooseRuntime } from "../../src/environment/choose-runtime.js";
import type { Runtime } from "../../src/environment/runtime.js";
import { fakeRegistry, loginTo } from "./fake-registry.js";
import { makeFolder, writeTree } from "./tree.js";

const scratch = makeFolder();
const current = realpathSync(process.execPath);

const choose = (node: string): Promise<Runtime | null> => chooseRuntime({ node, folder: scratch });

/** A program in the scratch folder. */
function script(name: string, text: string): string {
  writeTree(scratch, { [name]: text });
  chmodSync(join(scratch, name), 0o755);
  return join(scratch, name);
}

describe("a runtime on this machine", () => {
  test("current is the node that runs this, with what it says of itself", async () => {
    expect(await choose("current")).toMatchObject({
      version: process.versions.node,
      abi: process.versions.modules,
      napi: process.versions.napi,
      os: process.platform,
      arch: process.arch,
      binary: current,
      origin: "current",
    });
  });

  test("brings the npm of its own prefix", async ({ skip }) => {
    const npm = join(dirname(dirname(current)), "lib/node_modules/npm");
    if (!existsSync(npm)) skip("the node that runs here has no npm beside it");
    expect((await choose("current"))?.tools.get("npm")).toBe(realpathSync(npm));
  });

  test("none is none", async () => {
    expect(await choose("none")).toBeNull();
  });

  test("a path may be the binary, a link to it, a prefix that holds it, or a version manager's shim", async () => {
    symlinkSync(current, join(scratch, "link"));
    writeTree(scratch, { "prefix/bin/": "" });
    symlinkSync(current, join(scratch, "prefix/bin/node"));
    const shim = script("shim", `#!/bin/sh\nexec "${current}" "$@"\n`);
    for (const path of [current, join(scratch, "link"), join(scratch, "prefix"), shim]) {
      expect(await choose(path)).toMatchObject({ binary: current, origin: "path", version: process.versions.node });
    }
  });

  test("is asked with an empty environment", async () => {
    vi.stubEnv("NODE_OPTIONS", "--require=/no/such/file.js");
    expect(await choose(current)).toMatchObject({ binary: current });
    vi.unstubAllEnvs();
  });
});

describe("what is no runtime", () => {
  test.each([
    ["a path where nothing is", (): string => join(scratch, "nothing")],
    ["a folder without bin/node", (): string => scratch],
    ["another program", (): string => script("other", "#!/bin/sh\necho hello\n")],
    ["a program that fails", (): string => script("fails", "#!/bin/sh\nexit 3\n")],
    ["a program that only looks like node", (): string => script("bun", '#!/bin/sh\necho \'{"name":"node","other":"1.4.0"}\'\n')],
    ["a file that is no program", (): string => join(import.meta.dirname, "tree.ts")],
  ])("%s", async (_what, path) => {
    await expect(choose(path())).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND", hint: expect.stringContaining("node") });
  });

  test("a node that needs a private library, as Debian's needs libnode.so, is refused with the way out", async ({ skip }) => {
    const library = join(scratch, "libnode.so.115");
    const binary = join(scratch, "debian-node");
    try {
      execFileSync("gcc", ["-shared", "-fPIC", "-Wl,-soname,libnode.so.115", "-o", library, "-xc", "-"], {
        input: "int node_start(void) { return 0; }",
      });
      execFileSync("gcc", ["-o", binary, "-xc", "-", "-xnone", library], {
        input: "int node_start(void); int main(void) { return node_start(); }",
      });
    } catch {
      skip("gcc is not installed");
    }
    await expect(choose(binary)).rejects.toMatchObject({
      code: "RUNTIME_NOT_PORTABLE",
      path: binary,
      message: expect.stringContaining("libnode.so.115"),
      hint: expect.stringMatching(/--node \d+/),
    });
  });
});

describe("a runtime from the registry", () => {
  const { name, requests, state } = fakeRegistry();
  const login = (): string => loginTo(state.address());
  afterEach(() => {
    vi.unstubAllEnvs();
    state.lie = false;
  });

  test.each([
    ["98.0.0", "98.0.0"],
    ["v98.0.0", "98.0.0"],
    ["98", "98.1.0"],
    ["^98.0.0", "98.1.0"],
    ["lts", "98.1.0"],
    ["latest", "98.1.0"],
  ])("%s brings %s, with the newest npm that says it runs there", async (wanted, version) => {
    const cache = login();
    const runtime = await choose(wanted);
    expect(runtime).toMatchObject({ origin: "registry", registry: state.address() });
    expect(JSON.parse(readFileSync(join(dirname(dirname(runtime?.binary ?? "")), "package.json"), "utf8"))).toEqual({ name, version });
    expect(JSON.parse(readFileSync(join(runtime?.tools.get("npm") ?? "", "package.json"), "utf8"))).toEqual({
      name: "npm",
      version: "8.0.0",
    });
    expect(
      (await listEntries(cache))
        .filter(({ kind }) => kind !== "answer")
        .map((entry) => entry.name)
        .sort(),
    ).toEqual([`${name} ${version}`, "npm 8.0.0"].sort());
  });

  test("comes from the cache the second time, and anew where the cache was changed", async () => {
    login();
    const binary = (await choose("98.0.0"))?.binary as string;
    requests.length = 0;
    await choose("98.0.0");
    expect(requests.filter((path) => path.endsWith(".tgz"))).toEqual([]);
    const honest = readFileSync(binary, "utf8");
    writeFileSync(binary, `${honest}# changed\n`);
    await choose("98.0.0");
    expect(readFileSync(binary, "utf8")).toBe(honest);
  });

  test("is not used where the tarball is not what the registry announced", async () => {
    const cache = login();
    state.lie = true;
    await expect(choose("98.0.0")).rejects.toMatchObject({ code: "RUNTIME_INTEGRITY" });
    expect(readdirSync(join(cache, "runtimes"))).toEqual([]);
  });

  test.each(["97.0.0", "97", "nonsense"])("%s is not there", async (wanted) => {
    login();
    await expect(choose(wanted)).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND" });
  });

  test("needs npm", async () => {
    login();
    vi.stubEnv("PATH", scratch);
    await expect(choose("98.0.0")).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND", message: expect.stringContaining("npm is needed") });
  });
});
