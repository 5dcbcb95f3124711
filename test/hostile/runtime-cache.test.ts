import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cleanCache } from "../../src/verbs/cache.js";
import { CacheUses } from "../../src/cache/uses.js";
import { chooseRuntime } from "../../src/environment/choose-runtime.js";
import { fakeRegistry, loginBy } from "../environment/fake-registry.js";
import { makeFolder, writeTree } from "../environment/tree.js";

const evil = fakeRegistry("evil");
const honest = fakeRegistry("honest");

afterEach(() => {
  vi.unstubAllEnvs();
});

interface Chosen {
  /** "evil" or "honest" */
  readonly mark: string;
  readonly folder: string;
  readonly notices: readonly string[];
}

/** The runtime that a project gets by `--node WANTED`. */
async function choose(project: string, wanted = "98.0.0", withNpm = false): Promise<Chosen> {
  const uses = new CacheUses();
  try {
    const runtime = await chooseRuntime({ node: wanted, folder: project, withNpm, uses });
    const folder = dirname(dirname(runtime?.binary ?? ""));
    return {
      mark: readFileSync(join(folder, "README.md"), "utf8"),
      folder,
      notices: uses.notices.map(({ code, path = "" }) => `${code} ${path}`),
    };
  } finally {
    await uses.release();
  }
}

const project = (npmrc?: string): string =>
  writeTree(makeFolder(), { "package.json": { name: "p" }, ...(npmrc === undefined ? {} : { ".npmrc": npmrc }) });
/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:9/";

describe("51: what a hostile project's registry sends goes into no other project", () => {
  test("that asks another registry, also where that cannot be reached", async () => {
    loginBy(`registry=${honest.state.address()}`);
    expect((await choose(project(`registry=${evil.state.address()}`))).mark).toBe("evil");
    expect((await choose(project())).mark).toBe("honest");
    const config = process.env.npm_config_userconfig as string;
    writeFileSync(config, `fetch-retries=0\nregistry=${NOWHERE}\n`);
    await expect(choose(project())).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND", message: expect.stringContaining("ECONNREFUSED") });
  });

  test("nor where its .npmrc only leads the way to the same registry through a proxy of its own", async () => {
    loginBy("registry=http://registry.invalid/");
    const hostile = project(`proxy=${evil.state.address()}\n`);
    expect((await choose(hostile)).mark).toBe("evil");
    await expect(choose(project())).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND" });
    // A folder of its own below a hostile one is led by the same file.
    mkdirSync(join(hostile, "below"));
    writeTree(join(hostile, "below"), { "package.json": {} });
    await expect(choose(join(hostile, "below"))).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND" });
  });

  test("without the network the same project gets what its own registry sent, and hears of it", async () => {
    const cache = loginBy(`registry=${honest.state.address()}`);
    const own = project();
    const first = await choose(own, "98", true);
    const kept = process.env.npm_config_userconfig as string;
    const offline = join(makeFolder(), ".npmrc");
    writeFileSync(offline, `${readFileSync(kept, "utf8")}offline=true\n`);
    vi.stubEnv("npm_config_userconfig", offline);
    vi.stubEnv("npm_config_cache", makeFolder());
    const second = await choose(project(), "98", true);
    expect(second.folder).toBe(first.folder);
    expect(second.notices).toContain("REGISTRY_UNREACHABLE ");
    expect(readdirSync(join(cache, "runtimes"))).toHaveLength(2);
  });
});

describe("51: a package in the cache is used only as it was in its tarball", () => {
  const changes: [string, (folder: string) => void][] = [
    ["another file of it was changed", (folder) => writeFileSync(join(folder, "README.md"), "changed")],
    ["a file was added", (folder) => writeFileSync(join(folder, "bin/extra"), "")],
    ["a file is missing", (folder) => rmSync(join(folder, "README.md"))],
    ["a file may not be executed any more", (folder) => chmodSync(join(folder, "bin/node"), 0o644)],
    [
      "a file became a link to the same bytes",
      (folder) => {
        writeFileSync(join(folder, "../outside"), readFileSync(join(folder, "README.md")));
        rmSync(join(folder, "README.md"));
        symlinkSync("../outside", join(folder, "README.md"));
      },
    ],
    ["others may write a file", (folder) => chmodSync(join(folder, "bin/node"), 0o777)],
    ["others may write a folder", (folder) => chmodSync(join(folder, "bin"), 0o777)],
    [
      "its seal is of another package",
      (folder) => {
        const seal = join(folder, "../seal.json");
        writeFileSync(seal, readFileSync(seal, "utf8").replaceAll("98.0.0", "98.1.0"));
      },
    ],
  ];

  test(changes.map(([what]) => what).join("; "), async () => {
    loginBy(`registry=${honest.state.address()}`);
    const own = project();
    let { folder } = await choose(own);
    for (const [what, change] of changes) {
      change(folder);
      honest.requests.length = 0;
      const again = await choose(own);
      ({ folder } = again);
      expect([what, again.mark, honest.requests.filter((path) => path.endsWith(".tgz")).length]).toEqual([what, "honest", 1]);
      expect(readdirSync(join(folder, "bin"))).toEqual(["node"]);
    }
  });
});

describe("52: a cache that another user can write or owns is not used", () => {
  test("and the notice says why, how to mend it, and once; the runtime comes all the same", async ({ skip }) => {
    if (process.getuid?.() !== 0) skip("only root can give a folder to another user");
    const cache = loginBy(`registry=${honest.state.address()}`);
    const own = project();
    const { folder } = await choose(own);
    writeFileSync(join(folder, "README.md"), "planted");
    const cases: [string, () => void, () => void][] = [
      [cache, () => chmodSync(cache, 0o777), () => chmodSync(cache, 0o700)],
      [join(cache, "runtimes"), () => chownSync(join(cache, "runtimes"), 65534, 65534), () => chownSync(join(cache, "runtimes"), 0, 0)],
      [dirname(cache), () => chmodSync(dirname(cache), 0o770), () => chmodSync(dirname(cache), 0o700)],
    ];
    for (const [at, spoil, mend] of cases) {
      spoil();
      const chosen = await choose(own);
      expect(chosen.mark).toBe("honest");
      expect([...new Set(chosen.notices)]).toEqual([`CACHE_IGNORED ${at}`]);
      // It was private, and is gone with the packing.
      expect(chosen.folder.startsWith(cache)).toBe(false);
      expect(existsSync(chosen.folder)).toBe(false);
      if (at !== join(cache, "runtimes")) await expect(cleanCache()).rejects.toMatchObject({ code: "NO_PERMISSION", path: at });
      mend();
    }
    expect(readFileSync(join(folder, "README.md"), "utf8")).toBe("planted");
    expect((await choose(own)).mark).toBe("honest");
  });

  test("behind a link as well; a link of this user's own to a private folder is followed", async ({ skip }) => {
    if (process.getuid?.() !== 0) skip("only root can give a folder to another user");
    const cache = loginBy(`registry=${honest.state.address()}`);
    const elsewhere = makeFolder();
    chmodSync(elsewhere, 0o700);
    mkdirSync(dirname(cache), { recursive: true });
    symlinkSync(elsewhere, cache);
    expect((await choose(project())).notices).toEqual([]);
    chownSync(elsewhere, 65534, 65534);
    expect((await choose(project())).notices).toContain(`CACHE_IGNORED ${elsewhere}`);
  });
});
