import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { activationEnv } from "../../src/verbs/run/activation.js";
import { hookKind } from "../../src/embed/hook-kind.js";
import { layOut, makeEnvironment, makeFolder, NASTY, write } from "./furnished.js";

const DUAL = JSON.stringify({
  name: "dual",
  version: "1.0.0",
  exports: {
    ".": { import: "./main.mjs", require: "./main.cjs" },
    "./sub": { node: { import: "./sub.mjs", default: "./sub.cjs" } },
    "./sub/*": "./deep/*.js",
    "./package.json": "./package.json",
  },
});

const PACKAGES = {
  "app/package.json": '{"name":"sample"}',
  "app/index.js": "",
  "app/node_modules/dual/package.json": DUAL,
  "app/node_modules/dual/main.mjs": "export default 'dual by import'",
  "app/node_modules/dual/main.cjs": "module.exports = 'dual by require'",
  "app/node_modules/dual/sub.mjs": "export default 'sub by import'",
  "app/node_modules/dual/sub.cjs": "module.exports = 'sub by require'",
  "app/node_modules/dual/deep/x.js": "module.exports = 'deep x'",
  "app/node_modules/plain/package.json": '{"name":"plain","main":"lib.js"}',
  "app/node_modules/plain/lib.js": "module.exports = 'plain of the environment'",
  "app/node_modules/plain/data.json": '{"data":1}',
  "app/node_modules/@scope/pkg/package.json": '{"name":"@scope/pkg","type":"module","exports":"./i.js"}',
  "app/node_modules/@scope/pkg/i.js": "export { default } from 'dual'",
  "app/node_modules/phantom/index.js": "module.exports = require('plain-of-the-script')",
};

/** Node 22.18 and later run TypeScript by leaving its types out. */
const hasTypes = Boolean((process.features as { typescript?: unknown }).typescript);

describe.each([
  ["a plain path", "plain"],
  // Node itself resolves no "exports" below a folder with a backslash in its name, and no patterns with a star.
  ["a path with spaces, quotes and more", NASTY.replace(/[\\*\n]/g, "")],
])("the hook in %s", (_, name) => {
  let root: string;
  let scripts: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    root = await layOut(makeFolder(name), makeEnvironment(), PACKAGES);
    scripts = makeFolder("job scripts");
    env = activationEnv(root, { name: "sample" }, { PATH: process.env["PATH"] });
  });

  function node(args: readonly string[], input?: string): string {
    return execFileSync(process.execPath, args, { encoding: "utf8", env, cwd: scripts, input, stdio: ["pipe", "pipe", "inherit"] }).trim();
  }

  function run(file: string, content: string): string {
    write(join(scripts, file), content);
    return node([join(scripts, file)]);
  }

  const IMPORT =
    "import d from 'dual'; import s from 'dual/sub'; import x from 'dual/sub/x'; import p from '@scope/pkg'; console.log([d, s, x, p].join())";
  const REQUIRE = "console.log([require('dual'), require('dual/sub'), require('dual/sub/x'), require('plain')].join())";
  const IMPORTED = "dual by import,sub by import,deep x,dual by import";
  const REQUIRED = "dual by require,sub by require,deep x,plain of the environment";

  it("answers import with subpath exports and conditions", () => {
    expect(run("a.mjs", IMPORT)).toBe(IMPORTED);
    write(join(scripts, "esm/package.json"), '{"type":"module"}');
    expect(run("esm/a.js", IMPORT)).toBe(IMPORTED);
    expect(run("again.mjs", "import './a.mjs'")).toBe(IMPORTED);
    expect(run("reexport.mjs", "export { default } from 'dual'; console.log('ok')")).toBe("ok");
    expect(run("after.mjs", "import 'fs';\nimport { join }\n  from 'node:path';\nimport d from 'dual'; console.log(d)")).toBe(
      "dual by import",
    );
    expect(run("indirect.mjs", "import fs from 'fs'; import './after.mjs'")).toBe("dual by import");
    expect(run("minified.mjs", "let a=1;import{readFileSync}from'fs';import*as d from'dual';console.log(d.default)")).toBe(
      "dual by import",
    );
  });

  it("answers require with subpath exports and conditions", () => {
    expect(run("a.cjs", REQUIRE)).toBe(REQUIRED);
    expect(run("b.js", REQUIRE)).toBe(REQUIRED);
    expect(run("c.cjs", "console.log(require.resolve('dual/package.json'), require('plain/data.json').data)")).toBe(
      `${join(root, "app/node_modules/dual/package.json")} 1`,
    );
    expect(run("paths.cjs", "console.log(require(require.resolve('plain', { paths: [__dirname] })))")).toBe("plain of the environment");
    expect(run("created.mjs", "import { createRequire } from 'node:module'; console.log(createRequire(import.meta.url)('dual'))")).toBe(
      "dual by require",
    );
    expect(run("through.mjs", "import './a.cjs'")).toBe(REQUIRED);
  });

  it("answers import() and import.meta.resolve, from CommonJS and ES modules", () => {
    expect(run("d.cjs", "import('dual').then((m) => console.log(m.default))")).toBe("dual by import");
    expect(run("d.mjs", "console.log((await import('dual/sub')).default)")).toBe("sub by import");
    expect(run("lib.cjs", "module.exports = () => import('@scope/pkg')")).toBe("");
    expect(run("f.cjs", "require('./lib.cjs')().then((m) => console.log(m.default))")).toBe("dual by import");
    const resolved = run("g.mjs", "console.log(import.meta.resolve('dual'))");
    expect(resolved).toMatch(/\/app\/node_modules\/dual\/main\.mjs$/);
  });

  it("answers code from the command line and from stdin", () => {
    expect(node(["-e", REQUIRE])).toBe(REQUIRED);
    expect(node(["-p", "require('plain')"])).toBe("plain of the environment");
    expect(node(["-e", "import('dual').then((m) => console.log(m.default))"])).toBe("dual by import");
    expect(node(["--input-type=module", "-e", IMPORT])).toBe(IMPORTED);
    expect(node(["--input-type=module"], IMPORT)).toBe(IMPORTED);
    expect(node(["-"], REQUIRE)).toBe(REQUIRED);
    expect(node(["--import", "dual", "-e", "console.log(1)"])).toBe("1");
    expect(node(["--require", "plain", "-e", "console.log(2)"])).toBe("2");
  });

  it("answers in worker threads and in child processes", () => {
    const thread = (file: string, options = ""): string => `const { Worker } = require('worker_threads'); new Worker(${file}${options})`;
    write(join(scripts, "w.mjs"), IMPORT);
    write(join(scripts, "w.cjs"), REQUIRE);
    expect(run("t1.cjs", thread("__dirname + '/w.mjs'"))).toBe(IMPORTED);
    expect(run("t2.cjs", thread("__dirname + '/w.cjs'"))).toBe(REQUIRED);
    expect(run("t3.cjs", thread("\"console.log(require('plain'))\"", ", { eval: true }"))).toBe("plain of the environment");
    expect(run("t4.cjs", thread("\"import('dual').then((m) => console.log(m.default))\"", ", { eval: true }"))).toBe("dual by import");
    expect(run("t5.cjs", "require('child_process').fork(__dirname + '/w.mjs')")).toBe(IMPORTED);
  });

  if (hasTypes)
    it("answers scripts whose types the runtime strips", () => {
      expect(run("a.mts", `const typed: number = 1; ${IMPORT}`)).toBe(IMPORTED);
      expect(run("a.cts", `const typed: number = 1; ${REQUIRE}`)).toBe(REQUIRED);
      expect(run("a.ts", `const typed: number = 1; ${IMPORT}`)).toBe(IMPORTED);
    });

  it("lets the script's own packages and the builtins win", () => {
    write(join(scripts, "own/node_modules/plain/index.js"), "module.exports = 'plain of the script'");
    write(join(scripts, "own/node_modules/dual/package.json"), '{"name":"dual","exports":{"./other":"./x.js"}}');
    write(join(root, "app/node_modules/fs/index.js"), "throw new Error('not the builtin')");
    expect(run("own/a.cjs", "console.log(require('plain'), typeof require('fs').readFileSync)")).toBe("plain of the script function");
    expect(run("own/a.mjs", "import p from 'plain'; import fs from 'fs'; console.log(p, typeof fs.readFileSync)")).toBe(
      "plain of the script function",
    );
    for (const [file, code] of [
      ["own/b.cjs", "require('dual')"],
      ["own/b.mjs", "import 'dual'"],
    ] as const) {
      expect(failure(file, code)).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
    }
  });

  it("hides no missing dependency of the environment's own packages", () => {
    write(join(scripts, "node_modules/plain-of-the-script/index.js"), "");
    expect(failure("h.cjs", "require('phantom')")).toContain("Cannot find module 'plain-of-the-script'");
    write(join(root, "lib/node_modules/tool/index.js"), "require('plain')");
    write(join(root, "lib/node_modules/tool/index.mjs"), "import 'plain'");
    for (const ending of ["js", "mjs"]) {
      const { status, stderr } = spawnSync(process.execPath, [join(root, `lib/node_modules/tool/index.${ending}`)], {
        encoding: "utf8",
        env,
      });
      expect([status, /Cannot find (module|package) 'plain'/.test(stderr)]).toEqual([1, true]);
    }
    // The root is where people try `node -e`.
    expect(execFileSync(process.execPath, ["-p", "require('plain')"], { encoding: "utf8", env, cwd: root })).toBe(
      "plain of the environment\n",
    );
  });

  it("leaves the error for what is missing everywhere as Node tells it, naming the script", () => {
    for (const [file, code] of [
      ["m.cjs", "require('nowhere')"],
      ["m.mjs", "import 'nowhere'"],
    ] as const) {
      write(join(scripts, file), code);
      const plain = { ...env, NODE_OPTIONS: "" };
      const message = (vars: NodeJS.ProcessEnv): string =>
        // What comes before and between, the place in Node's sources and the stack, differs.
        spawnSync(process.execPath, [join(scripts, file)], { encoding: "utf8", env: vars })
          .stderr.replace(/^[^]*?\n(?=Error)/, "")
          .replace(/^ +at .*\n/gm, "");
      expect(message(env)).toBe(message(plain));
      expect(message(env)).toContain(join(scripts, file));
    }
    expect(failure("n.cjs", "import('nowhere')")).toContain("ERR_MODULE_NOT_FOUND");
    expect(failure("s.cjs", "require('dual/nothing')")).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
    expect(failure("s.mjs", "import 'dual/nothing'")).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
    expect(failure("o.cjs", "require('./nowhere.js')")).toContain("Cannot find module './nowhere.js'");
    expect(failure("p.mjs", "import './nowhere.js'")).toContain("nowhere.js");
    expect(failure("q.mjs", "import '#inner'")).toContain("#inner");
  });

  function failure(file: string, code: string): string {
    write(join(scripts, file), code);
    const { status, stderr } = spawnSync(process.execPath, [join(scripts, file)], { encoding: "utf8", env });
    expect(status).toBe(1);
    return stderr;
  }

  it("does not look above the environment", () => {
    write(join(root, "../node_modules/above/index.js"), "");
    expect(failure("r.cjs", "require('above')")).toContain("Cannot find module 'above'");
    expect(failure("r.mjs", "import 'above'")).toContain("Cannot find package 'above'");
  });

  it("works with a second environment on top, which is asked first", async () => {
    const top = await layOut(makeFolder("top"), makeEnvironment(), {
      "app/node_modules/plain/index.js": "module.exports = 'plain of the top'",
    });
    const both = activationEnv(top, { name: "top" }, env);
    const out = (args: string[]): string => execFileSync(process.execPath, args, { encoding: "utf8", env: both, cwd: scripts }).trim();
    expect(out(["-p", "[require('plain'), require('dual')].join()"])).toBe("plain of the top,dual by require");
    const code = "import p from 'plain'; import d from 'dual'; console.log([p, d].join())";
    expect(out(["--input-type=module", "-e", code])).toBe("plain of the top,dual by import");
  });
});

describe("the hook of a prefix", () => {
  it("answers from lib/node_modules", async () => {
    const files = { "lib/node_modules/plain/index.js": "module.exports = 'plain of the prefix'" };
    const root = await layOut(makeFolder(), makeEnvironment({ kind: "prefix" }), files);
    const env = activationEnv(root, { name: "sample" }, {});
    expect(execFileSync(process.execPath, ["-p", "require('plain')"], { encoding: "utf8", env, cwd: "/" })).toBe("plain of the prefix\n");
  });
});

describe("the hook of an environment with several folders of packages", () => {
  // A member of a workspace may lie in a folder of any name (but of a backslash: Node's own imports fail there).
  const folders = ["global/a", 'global/b "quoted"'];
  const named = (name: string, text: string): [string, string] => [`${name}/index.js`, `module.exports = "${text}"`];

  it("asks one after the other, then lib/node_modules, for require and import", async () => {
    const files = Object.fromEntries([
      named("global/a/node_modules/plain", "plain of a"),
      named(`${folders[1]}/node_modules/plain`, "plain of b"),
      named(`${folders[1]}/node_modules/second`, "second of b"),
      named("lib/node_modules/later", "later of lib"),
    ]);
    const root = await layOut(makeFolder(), makeEnvironment({ kind: "prefix", resolveFrom: folders }), files);
    const env = activationEnv(root, { name: "sample" }, {});
    const out = (args: string[]): string => execFileSync(process.execPath, args, { encoding: "utf8", env, cwd: "/" }).trim();
    expect(out(["-p", "['plain', 'second', 'later'].map(require).join()"])).toBe("plain of a,second of b,later of lib");
    const code = "import p from 'plain'; import s from 'second'; import l from 'later'; console.log([p, s, l].join())";
    expect(out(["--input-type=module", "-e", code])).toBe("plain of a,second of b,later of lib");
    const missing = spawnSync(process.execPath, ["--input-type=module", "-e", "import 'nowhere'"], { encoding: "utf8", env, cwd: "/" });
    expect([missing.status, missing.stderr.includes("Cannot find package 'nowhere'")]).toEqual([1, true]);
  });
});

describe("hookKind", () => {
  it("tells the versions that can answer import from those that cannot", () => {
    const kinds = (versions: string[]): string[] => versions.map(hookKind);
    expect(kinds(["16.20.2", "18.18.2", "20.5.1", "20.20.2", "22.15.0", "26.10.0", "v24.1.0"])).toEqual(Array(7).fill("import"));
    expect(kinds(["12.22.12", "14.21.3"])).toEqual(Array(2).fill("require"));
  });
});

describe("activationEnv", () => {
  it("keeps what is there, and gives a child without PATH the system's folders", () => {
    const env = activationEnv("/x y", { name: "my app" }, { HOME: "/h", NODE_OPTIONS: "--no-warnings" });
    expect(env).toEqual({
      HOME: "/h",
      PATH: "/x y/bin:/usr/local/bin:/usr/bin:/bin",
      NODE_OPTIONS: '"--require=/x y/.envpack/hook.cjs" --no-warnings',
      ENVPACK_PREFIX: "/x y",
      ENVPACK_NAME: "my-app",
    });
  });
});

it("looks for what a workspace's member needs where Node would: with the member, then with the workspace, by require as by import", async () => {
  const root = await layOut(makeFolder("member"), makeEnvironment({ resolveFrom: ["packages/web"] }), {
    "app/packages/web/package.json": '{"name":"web"}',
    "app/packages/web/node_modules/own/index.js": "module.exports = 'own of the member'",
    "app/packages/web/node_modules/both/index.js": "module.exports = 'both of the member'",
    "app/node_modules/both/index.js": "module.exports = 'both of the workspace'",
    "app/node_modules/hoisted/index.js": "module.exports = 'hoisted'",
  });
  const scripts = makeFolder("scripts of members");
  write(join(scripts, "r.cjs"), "console.log([require('own'), require('both'), require('hoisted')].join())");
  write(join(scripts, "i.mjs"), "import o from 'own'; import b from 'both'; import h from 'hoisted'; console.log([o, b, h].join())");
  const env = activationEnv(root, { name: "sample" }, { PATH: process.env["PATH"] });
  for (const script of ["r.cjs", "i.mjs"])
    expect(execFileSync(process.execPath, [join(scripts, script)], { encoding: "utf8", env })).toBe(
      "own of the member,both of the member,hoisted\n",
    );
});
