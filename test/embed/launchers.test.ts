import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Notice } from "../../src/support/progress.js";
import { has } from "../real/commands.js";
import { bin, layOut, makeEnvironment, makeFolder, NASTY } from "./furnished.js";

/** Prints what a started script sees. */
const SHOW = `#!/usr/bin/env node
console.log(JSON.stringify({ node: process.execPath, args: process.argv.slice(2), path: process.env.PATH.split(":")[0],
  child: require("child_process").execFileSync("/bin/sh", ["-c", "command -v node"], { encoding: "utf8" }).trim() }));
`;

const BINS = [
  bin("show", "node_modules/show/cli.js"),
  bin("run me's", `node_modules/odd $x'y/cli.js`),
  bin("native", "node_modules/n/run", "direct"),
];
const FILES = {
  "app/node_modules/show/cli.js": SHOW,
  "app/node_modules/odd $x'y/cli.js": SHOW,
  "app/node_modules/n/run": `#!/bin/sh\nexec node -p 'process.execPath' "$@"\n`,
};

interface Seen {
  readonly node: string;
  readonly args: string[];
  readonly path: string;
  readonly child: string;
}

function see(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Seen {
  return JSON.parse(execFileSync(command, args, { encoding: "utf8", ...options })) as Seen;
}

describe.each([
  ["a plain path", "plain"],
  ["a path with spaces, quotes, a newline and more", NASTY],
])("launchers in %s", (_, name) => {
  let root: string;
  const bare = { env: {} };

  function expectOwnNode(seen: Seen): void {
    expect(seen).toMatchObject({ node: join(root, "bin/node"), path: join(root, "bin"), child: join(root, "bin/node") });
  }

  beforeAll(async () => {
    root = await layOut(makeFolder(name), makeEnvironment({ bins: BINS }), FILES);
  });

  it("start a script with the environment's node and pass arguments on as they are", () => {
    const args = ["a b", "", "'\"$x\n", "-e"];
    const seen = see(join(root, "bin/show"), args, bare);
    expectOwnNode(seen);
    expect(seen.args).toEqual(args);
  });

  it("start by a relative path and through PATH", () => {
    expectOwnNode(see("./show", [], { cwd: join(root, "bin"), ...bare }));
    expectOwnNode(see("../bin/show", [], { cwd: join(root, "app"), ...bare }));
    expectOwnNode(see("/bin/sh", ["-c", "show"], { cwd: "/", env: { PATH: join(root, "bin") } }));
  });

  it.for(["sh", "bash", "zsh", "busybox"])("start through %s", (shell, { skip }) => {
    if (!has(shell)) skip(`${shell} is not installed here`);
    const words = shell === "busybox" ? ["busybox", "sh"] : [shell];
    const run = (script: string, cwd: string): Seen => see("/usr/bin/env", [...words, script], { cwd });
    expectOwnNode(run(join(root, "bin/show"), "/"));
    expectOwnNode(run("bin/show", root));
    expectOwnNode(run("show", join(root, "bin")));
  });

  it("start through a chain of links, relative and absolute, of files and folders", () => {
    const elsewhere = makeFolder("links -x");
    mkdirSync(join(elsewhere, "in"));
    symlinkSync(join(root, "bin/show"), join(elsewhere, "one"));
    symlinkSync("../one", join(elsewhere, "in/two"));
    symlinkSync("in", join(elsewhere, "folder"));
    symlinkSync("folder/two", join(elsewhere, "-three"));
    expectOwnNode(see(join(elsewhere, "-three"), [], bare));
    expectOwnNode(see("./-three", [], { cwd: elsewhere, ...bare }));
    symlinkSync("./in/../in/two", join(elsewhere, "four"));
    expectOwnNode(see("/bin/sh", ["-c", "four"], { env: { PATH: `${elsewhere}${delimiter}/usr/bin` } }));
    symlinkSync(dirname(root), join(elsewhere, "env"));
    expectOwnNode(see(join(elsewhere, "env", name, "bin/show"), [], bare));
  });

  it("start commands and scripts whose names need quoting", () => {
    expectOwnNode(see(join(root, "bin/run me's"), [], bare));
  });

  it("start a native program or a script of another interpreter directly", () => {
    const out = execFileSync(join(root, "bin/native"), [], { encoding: "utf8", env: {} });
    expect(out).toBe(`${join(root, "bin/node")}\n`);
  });

  it("start from a read-only tree in which every file has become executable", () => {
    execFileSync("find", [root, "-type", "f", "-exec", "chmod", "0500", "{}", "+"]);
    execFileSync("find", [root, "-type", "d", "-exec", "chmod", "0500", "{}", "+"]);
    expectOwnNode(see(join(root, "bin/show"), [], bare));
  });
});

describe("the names of launchers", () => {
  it("leave the environment's own names alone, and a notice says so", async () => {
    const notices: Notice[] = [];
    const taken = ["node", "envpack", "activate", "activate.fish", "deactivate", "a/b"].map((name) => bin(name, "x.js"));
    const root = await layOut(makeFolder(), makeEnvironment({ bins: taken }), {}, notices);
    expect(notices.map(({ code }) => code)).toEqual(taken.map(() => "BIN_LEFT_OUT"));
    expect(execFileSync(join(root, "bin/node"), ["-p", "1"], { encoding: "utf8" })).toBe("1\n");
  });

  it("give a project that depends on npm its own npm, and a notice says so", async () => {
    const notices: Notice[] = [];
    const runtime = { ...makeEnvironment().runtime!, tools: new Map([["npm", "/gone/npm"]]) };
    const environment = makeEnvironment({ bins: [bin("npm", "node_modules/npm/bin/npm-cli.js")], runtime });
    const says = (what: string): string => `console.log(${JSON.stringify(what)})`;
    const root = await layOut(
      makeFolder(),
      environment,
      {
        "app/node_modules/npm/bin/npm-cli.js": says("the project's npm"),
        "lib/node_modules/npm/bin/npm-cli.js": says("the runtime's npm"),
        "lib/node_modules/npm/bin/npx-cli.js": says("the runtime's npx"),
      },
      notices,
    );
    expect(execFileSync(join(root, "bin/npm"), { encoding: "utf8" })).toBe("the project's npm\n");
    expect(execFileSync(join(root, "bin/npx"), { encoding: "utf8" })).toBe("the runtime's npx\n");
    expect(notices.map(({ code }) => code)).toEqual(["BIN_REPLACES_TOOL"]);
  });

  it("lead to the root itself in a prefix", async () => {
    const bins = [bin("show", "lib/node_modules/show/cli.js")];
    const root = await layOut(makeFolder(), makeEnvironment({ kind: "prefix", bins }), { "lib/node_modules/show/cli.js": SHOW });
    expect(see(join(root, "bin/show"), []).node).toBe(join(root, "bin/node"));
  });
});

describe("an environment without a runtime", () => {
  it("starts its commands with the node of PATH, and says so where there is none", async () => {
    const root = makeFolder();
    await layOut(root, makeEnvironment({ bins: BINS, runtime: null }), FILES);
    expect(see(join(root, "bin/show"), []).node).toBe(process.execPath);
    const { status, stderr } = spawnSync(join(root, "bin/show"), { encoding: "utf8", env: { PATH: "/nowhere" } });
    expect([status, stderr]).toEqual([127, "envpack: no node on PATH, and this environment was packed without one\n"]);
  });
});
