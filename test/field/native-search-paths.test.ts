import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../src/native/elf.js";
import { envpack, execute, has, makeScratch } from "../real/commands.js";
import { writeTree } from "../environment/tree.js";

const scratch = makeScratch();
const missing = process.platform === "linux" && has("gcc") && existsSync(headers()) ? null : "no gcc, or no headers of this Node.js";

function headers(): string {
  return join(dirname(dirname(process.execPath)), "include/node/node_api.h");
}

const ADDON = `#include <node_api.h>
extern int answer(void);
napi_value napi_register_module_v1(napi_env env, napi_value exports) { napi_value n; napi_create_int32(env, answer(), &n); napi_set_named_property(env, exports, "n", n); return exports; }
`;

function gcc(...args: string[]): void {
  const { status, stderr } = execute("gcc", ["-fPIC", "-I", dirname(headers()), ...args]);
  expect([status, stderr]).toEqual([0, ""]);
}

/** A project whose package has an addon that finds a library of the package by an absolute path. */
function makeProject(name: string, link: (lib: string, out: string, source: string) => void, more = ""): string {
  const project = join(scratch, "some/where/deep", name);
  const part = join(project, "node_modules/fomod");
  writeTree(project, {
    "package.json": { name: "p", version: "1.0.0", dependencies: { fomod: "1.0.0" } },
    "index.js": 'console.log(require("fomod").n);\n',
    "node_modules/fomod/package.json": { name: "fomod", version: "1.0.0", main: "build/Release/a.node" },
    "node_modules/fomod/lib/": "",
    "node_modules/fomod/build/Release/": "",
  });
  writeFileSync(join(scratch, "l.c"), `int answer(void) { return 42; }\n${more}`);
  writeFileSync(join(scratch, "a.c"), ADDON);
  link(join(part, "lib"), join(part, "build/Release/a.node"), join(scratch, "a.c"));
  expect(execute(process.execPath, ["index.js"], { cwd: project }).stdout).toBe("42\n");
  return project;
}

interface Moved {
  readonly notices: readonly { code: string; message: string; path?: string }[];
  readonly root: string;
  readonly addon: string;
  readonly output: string;
}

/** Packs, moves the project away, extracts by plain tar at another depth and runs. */
function moveAway(project: string): Moved {
  const archive = `${project}.tar.gz`;
  const packed = envpack(["pack", project, "--node", "none", "--json", "-f", "-o", archive]);
  expect(packed.status, packed.stderr).toBe(0);
  renameSync(project, `${project}-away`);
  const root = join(scratch, "out", `a b ${project.slice(project.lastIndexOf("/") + 1)}`);
  mkdirSync(root, { recursive: true });
  expect(execute("tar", ["-xzf", archive, "-C", root]).status).toBe(0);
  const { stdout, stderr } = execute(process.execPath, [join(root, "app/index.js")]);
  return {
    notices: (JSON.parse(packed.stdout) as Moved).notices,
    root,
    addon: join(root, "app/node_modules/fomod/build/Release/a.node"),
    output: stdout + stderr,
  };
}

const LINKS: readonly (readonly [string, (lib: string, out: string, source: string) => void])[] = [
  [
    "a RUNPATH",
    (lib, out, source) => {
      gcc("-shared", "-o", join(lib, "libL.so"), join(scratch, "l.c"));
      gcc("-shared", "-o", out, source, `-L${lib}`, "-lL", `-Wl,-rpath,${lib}`);
    },
  ],
  [
    "an RPATH of several folders, with one elsewhere and one twice",
    (lib, out, source) => {
      gcc("-shared", "-o", join(lib, "libL.so"), join(scratch, "l.c"));
      gcc(
        "-shared",
        "-o",
        out,
        source,
        `-L${lib}`,
        "-lL",
        "-Wl,--disable-new-dtags",
        `-Wl,-rpath,/opt/nowhere:${lib}:${lib}/.:${dirname(lib)}`,
      );
    },
  ],
  [
    "flags that say $ORIGIN is used",
    (lib, out, source) => {
      gcc("-shared", "-o", join(lib, "libL.so"), join(scratch, "l.c"));
      gcc("-shared", "-o", out, source, `-L${lib}`, "-lL", "-Wl,-z,now", `-Wl,-rpath,${lib}`);
    },
  ],
  [
    "a needed library by its absolute path",
    (lib, out, source) => {
      gcc("-shared", "-o", join(lib, "L.so"), join(scratch, "l.c"));
      gcc("-shared", "-o", out, source, join(lib, "L.so"), `-Wl,-rpath,${lib}`);
    },
  ],
  [
    "a symbol whose name is the end of the search path",
    (lib, out, source) => {
      gcc("-shared", "-o", join(lib, "libL.so"), join(scratch, "l.c"));
      gcc("-shared", "-O1", "-o", out, "-Dlib_=lib", source, join(scratch, "shared.c"), `-L${lib}`, "-lL", `-Wl,-O2`, `-Wl,-rpath,${lib}`);
    },
  ],
];

describe("P9: an addon that finds its library by", () => {
  beforeAll(() => writeFileSync(join(scratch, "shared.c"), "int lib(void) { return 1; }\n"));

  test.skipIf(missing !== null).each(LINKS)("%s loads where it was moved, without a step after tar", (name, link) => {
    const project = makeProject(`p-${LINKS.findIndex(([one]) => one === name)}`, link);
    const { notices, addon, output, root } = moveAway(project);
    expect(output).toBe("42\n");
    expect(notices.filter(({ code }) => /SEARCH_PATH|LIBRARIES/.test(code))).toEqual([]);
    const elf = readElf(addon, null);
    expect([...(elf?.runPaths ?? []), ...(elf?.needed ?? [])].filter((path) => path.includes(scratch))).toEqual([]);
    expect(elf?.runPaths).toContain("$ORIGIN/../../lib");
    expect(envpack(["verify", "-q", root]).status).toBe(0);
  });

  test("a path that is too short for a relative one is told when packing, with the longest that works: that one works, one byte more does not", ({
    skip,
  }) => {
    if (missing !== null) skip(missing);
    const project = join(scratch, "some/where/short");
    const inside = `${"d/".repeat(40)}x.node`;
    writeTree(project, {
      "package.json": { name: "p", version: "1.0.0" },
      "index.js": `console.log(require("./${inside}").n);\n`,
      "lib/": "",
      [`${dirname(inside)}/`]: "",
    });
    writeFileSync(join(scratch, "l.c"), "int answer(void) { return 42; }\n");
    writeFileSync(join(scratch, "a.c"), ADDON);
    gcc("-shared", "-o", join(project, "lib/libL.so"), join(scratch, "l.c"));
    gcc("-shared", "-o", join(project, inside), join(scratch, "a.c"), `-L${project}/lib`, "-lL", `-Wl,-rpath,${project}/lib`);
    const archive = join(scratch, "short.tar.gz");
    const packed = envpack(["pack", project, "--node", "none", "--json", "-o", archive]);
    const told = (JSON.parse(packed.stdout) as Moved).notices.filter(({ code }) => code === "SEARCH_PATH_STAYS");
    expect(told.map(({ path }) => path)).toEqual([`app/${inside}`]);
    const longest = Number(/at most (\d+) bytes/.exec(told[0]?.message ?? "")?.[1]);
    renameSync(project, `${project}-away`);
    const outputs = [longest, longest + 1].map((length) => {
      const root = join(scratch, "r".repeat(length - scratch.length - 1));
      envpack(["unpack", "-q", archive, root]);
      return execute(process.execPath, [join(root, "app/index.js")]).stdout;
    });
    expect(outputs).toEqual(["42\n", ""]);
  });

  test("a program whose loader lies in the environment is told when packing, and starts where relocate had room", ({ skip }) => {
    if (missing !== null) skip(missing);
    const project = join(scratch, "some/where/with/a/loader");
    writeTree(project, {
      "package.json": { name: "p", version: "1.0.0" },
      "lib/": "",
      "index.js": 'console.log(require("child_process").execFileSync(__dirname + "/tool", { encoding: "utf8" }).trim());\n',
    });
    const loader = readElf(process.execPath, null)?.interpreter ?? "";
    copyFileSync(realpathSync(loader), join(project, "lib/ld.so"));
    writeFileSync(join(scratch, "tool.c"), '#include <stdio.h>\nint main(void) { puts("42"); return 0; }\n');
    gcc("-o", join(project, "tool"), join(scratch, "tool.c"), `-Wl,--dynamic-linker=${project}/lib/ld.so`);
    const archive = join(scratch, "loader.tar.gz");
    const packed = envpack(["pack", project, "--node", "none", "--json", "-o", archive]);
    const told = (JSON.parse(packed.stdout) as Moved).notices.filter(({ code }) => code === "SEARCH_PATH_STAYS");
    expect(told).toEqual([expect.objectContaining({ path: "app/tool", message: expect.stringContaining("the kernel finds its loader") })]);
    const longest = Number(/at most (\d+) bytes/.exec(told[0]?.message ?? "")?.[1]);
    renameSync(project, `${project}-away`);
    const root = join(scratch, "l".repeat(longest - scratch.length - 1));
    envpack(["unpack", "-q", archive, root]);
    expect(execute(process.execPath, [join(root, "app/index.js")]).stdout).toBe("42\n");
  });

  test("doctor does not ask for system packages where the library is in the environment", ({ skip }) => {
    if (missing !== null) skip(missing);
    const root = join(scratch, "doctor");
    mkdirSync(root);
    const project = makeProject("doctor", LINKS[0]?.[1] ?? (() => undefined));
    const archive = `${project}.tar.gz`;
    expect(envpack(["pack", project, "--node", "none", "-q", "-o", archive]).status).toBe(0);
    expect(execute("tar", ["-xzf", archive, "-C", root]).status).toBe(0);
    // As an older envpack packed it: the file as it was.
    cpSync(join(project, "node_modules/fomod/build/Release/a.node"), join(root, "app/node_modules/fomod/build/Release/a.node"));
    renameSync(project, `${project}-away`);
    const { stdout, stderr } = envpack(["doctor", root]);
    expect(stdout + stderr).toMatch(/libraries of the environment where it was made/);
    expect(stdout + stderr).not.toMatch(/install the system packages/);
    expect(readFileSync(join(root, "app/index.js"), "utf8")).toContain("fomod");
  });
});
