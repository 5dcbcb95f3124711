import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { listEntries } from "../../src/cache/entries.js";
import { activationEnv } from "../../src/verbs/run/activation.js";
import { bringNode, NEWEST_LTS } from "../node-versions.mjs";
import { has, NOBODY } from "../real/commands.js";
import { layOut, makeEnvironment, makeFolder, write } from "./furnished.js";

/** The newest one has the cache, whatever this one is. */
const folderOfNode = bringNode(NEWEST_LTS);
const node = folderOfNode === null ? null : join(folderOfNode, "node");
const missing = node === null ? "there is no newer Node.js to be had" : null;

const FILES = {
  "app/package.json": '{"name":"sample"}',
  "app/index.js": "",
  "app/node_modules/large/package.json": '{"name":"large","main":"lib.js"}',
  "app/node_modules/large/lib.js": `${Array.from({ length: 500 }, (_, at) => `exports.f${at} = () => ${at};`).join("\n")}\n`,
  ".envpack/manifest.json": "{}",
  ".envpack/index.jsonl": "",
};

let root: string;
let job: string;

beforeAll(async () => {
  root = await layOut(makeFolder("an environment"), makeEnvironment(), FILES);
  job = join(makeFolder("jobs"), "job.js");
  write(job, "require('large'); console.log(require('module').getCompileCacheDir?.() ?? 'none');");
});

const cacheOf = (home: string): string => join(home, ".cache/envpack");

/** What Node keeps compiled code in, by its own word; "none": it keeps nothing. */
function startOnce(env: NodeJS.ProcessEnv): string {
  const variables = activationEnv(root, { name: "sample" }, { PATH: process.env.PATH, ...env });
  return execFileSync(node ?? "", [job], { encoding: "utf8", env: variables, cwd: "/" }).trim();
}

/** Lets a minute pass for the folders of a cache that were just made. */
function letAMinutePass(cache: string): void {
  const all = join(cache, "compiled");
  const then = new Date(Date.now() - 61_000);
  for (const name of existsSync(all) ? readdirSync(all) : []) utimesSync(join(all, name), then, then);
}

/** As startOnce, of a start that comes more than a minute after the first. */
function keptIn(env: NodeJS.ProcessEnv): string {
  startOnce(env);
  for (const cache of [
    env.XDG_CACHE_HOME === undefined ? null : join(env.XDG_CACHE_HOME, "envpack"),
    env.HOME === undefined ? null : cacheOf(env.HOME),
  ])
    if (cache !== null) letAMinutePass(cache);
  return startOnce(env);
}

describe.skipIf(missing !== null)(`an activated environment's compile cache${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  test("lies in the user's cache, for this user alone, is filled once and used then", async () => {
    const home = makeFolder("home");
    const kept = keptIn({ HOME: home });
    const [name = ""] = readdirSync(join(cacheOf(home), "compiled"));
    const folder = join(cacheOf(home), "compiled", name);
    expect(name).toMatch(/^sample-[0-9a-f]{8}$/);
    expect(kept.startsWith(`${folder}/`)).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const files = readdirSync(kept);
    expect(files.length).toBeGreaterThan(0);
    const time = new Date(2020, 0, 1);
    for (const file of files) utimesSync(join(kept, file), time, time);
    keptIn({ HOME: home });
    expect(readdirSync(kept)).toEqual(files);
    // What was accepted is not written again.
    expect(files.map((file) => statSync(join(kept, file)).mtimeMs)).toEqual(files.map(() => time.getTime()));
    expect(await listEntries(cacheOf(home))).toMatchObject([{ kind: "compiled", name: "sample", path: folder }]);
  });

  test("begins a minute after the first start: what runs once, or in one wave, writes nothing", () => {
    const home = makeFolder("home");
    const all = join(cacheOf(home), "compiled");
    for (let start = 0; start < 3; start++) expect(startOnce({ HOME: home })).toBe("none");
    const [name = ""] = readdirSync(all);
    expect(readdirSync(join(all, name))).toEqual([]);
    letAMinutePass(cacheOf(home));
    const kept = startOnce({ HOME: home });
    expect(kept.startsWith(`${join(all, name)}/`)).toBe(true);
    expect(readdirSync(kept).length).toBeGreaterThan(0);
    // From then on at once.
    expect(startOnce({ HOME: home })).toBe(kept);
  });

  test.each([
    ["NODE_COMPILE_CACHE", "a place of the user's own"],
    ["NODE_DISABLE_COMPILE_CACHE", "1"],
    ["NODE_V8_COVERAGE", ""],
    ["ENVPACK_NO_COMPILE_CACHE", "1"],
  ])("is left alone where %s is set", (name, value) => {
    const home = makeFolder("home");
    const own = name === "NODE_COMPILE_CACHE" ? makeFolder("own") : null;
    const kept = keptIn({ HOME: home, [name]: own ?? value });
    expect(existsSync(join(home, ".cache"))).toBe(false);
    if (own !== null) expect(kept.startsWith(`${own}/`)).toBe(true);
  });

  test("goes by XDG_CACHE_HOME where that is absolute", () => {
    const cache = makeFolder("caches");
    expect(keptIn({ XDG_CACHE_HOME: cache })).toContain(join(cache, "envpack/compiled"));
    const home = makeFolder("home");
    expect(keptIn({ XDG_CACHE_HOME: "relative", HOME: home })).toContain(cacheOf(home));
  });

  test("is silently none without a home, with one that is not there, is a file or cannot be written", () => {
    const file = join(makeFolder("home"), "file");
    write(file, "");
    const gone = join(makeFolder("home"), "gone");
    for (const env of [{}, { HOME: "" }, { HOME: gone }, { HOME: file }, { HOME: "/proc" }, { HOME: "relative" }])
      expect(keptIn(env)).toBe("none");
    expect(existsSync(gone)).toBe(false);
  });

  test("is none where others could write: the folder, one above it, or one that a link leads to", () => {
    const open = makeFolder("open");
    mkdirSync(cacheOf(open), { recursive: true });
    chmodSync(cacheOf(open), 0o777);
    expect(keptIn({ HOME: open })).toBe("none");
    const wide = makeFolder("wide");
    const kept = keptIn({ HOME: wide });
    chmodSync(join(kept, ".."), 0o750);
    expect(keptIn({ HOME: wide })).toBe("none");
    const linked = makeFolder("linked");
    mkdirSync(join(open, "target"), { mode: 0o777 });
    chmodSync(join(open, "target"), 0o777);
    symlinkSync(join(open, "target"), join(linked, ".cache"));
    expect(keptIn({ HOME: linked })).toBe("none");
  });

  test.skipIf(process.getuid?.() !== 0)("is none in a folder of another user's", () => {
    const home = makeFolder("home");
    mkdirSync(join(cacheOf(home), "compiled"), { recursive: true });
    chownSync(join(cacheOf(home), "compiled"), NOBODY.uid, NOBODY.gid);
    expect(keptIn({ HOME: home })).toBe("none");
  });

  test("never lies inside of the environment", () => {
    expect(keptIn({ HOME: join(root, "app") })).toBe("none");
    expect(keptIn({ XDG_CACHE_HOME: root })).toBe("none");
    expect([existsSync(join(root, "app/.cache")), existsSync(join(root, "envpack"))]).toEqual([false, false]);
  });

  test("is none on a file system that a program or a server answers for", ({ skip }) => {
    const [home, mounted] = [makeFolder("home"), makeFolder("mounted")];
    if (!has("bindfs") || spawnSync("bindfs", [home, mounted]).status !== 0) skip("bindfs mounts nothing here");
    try {
      expect(keptIn({ HOME: mounted })).toBe("none");
      expect(readdirSync(home)).toEqual([]);
      mkdirSync(join(home, ".cache/envpack"), { recursive: true });
      expect(keptIn({ HOME: mounted })).toBe("none");
      expect(readdirSync(cacheOf(home))).toEqual([]);
    } finally {
      execFileSync("umount", [mounted]);
    }
    expect(keptIn({ HOME: home })).toContain(cacheOf(home));
  });

  test("just the 16 that were used last stay", () => {
    const home = makeFolder("home");
    const all = join(cacheOf(home), "compiled");
    mkdirSync(all, { recursive: true, mode: 0o700 });
    for (let at = 0; at < 20; at++) {
      mkdirSync(join(all, `old-0000000${at.toString(16)}`), { mode: 0o700 });
      utimesSync(join(all, `old-0000000${at.toString(16)}`), 1000 + at, 1000 + at);
    }
    chmodSync(all, 0o700);
    keptIn({ HOME: home });
    const names = readdirSync(all);
    expect(names).toHaveLength(16);
    expect(names.some((name) => name.startsWith("sample-"))).toBe(true);
  });

  const shells: readonly (readonly [string, readonly string[], string])[] = [
    ["bash", ["-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["dash", ["-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["zsh", ["-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["ksh", ["-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["mksh", ["-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["yash", ["-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["busybox", ["sh", "-eu", "-c"], ". 'ROOT/bin/activate'"],
    ["fish", ["-c"], "source 'ROOT/bin/activate.fish'"],
    ["tcsh", ["-f", "-c"], "cd 'ROOT'; source bin/activate.csh"],
  ];

  test.each(shells)("%s: an activated shell has it, and can turn it off", (shell, args, activate) => {
    if (!has(shell)) return;
    const home = makeFolder("home");
    const line = `${activate.replace("ROOT", root)}; '${node ?? ""}' '${job}'`;
    const start = (env: NodeJS.ProcessEnv): string => {
      const { stdout, stderr } = spawnSync(shell, [...args, line], {
        encoding: "utf8",
        cwd: "/",
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env.PATH, HOME: home, ...env },
      });
      expect(stderr).toBe("");
      return stdout.trim();
    };
    expect(start({ ENVPACK_NO_COMPILE_CACHE: "1" })).toBe("none");
    expect(start({})).toBe("none");
    letAMinutePass(cacheOf(home));
    expect(start({})).toContain(cacheOf(home));
  });
});
