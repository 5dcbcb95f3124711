import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { findRuntime } from "../../src/environment/prefixes/find-runtime.js";
import type { EnvpackError } from "../../src/support/errors.js";
import { scratchFolder } from "../scratch.js";

let home: string;
beforeEach(() => {
  home = scratchFolder("managers");
});

function addRuntime(prefix: string): string {
  const file = join(home, prefix, "bin/node");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  return join(home, prefix);
}

/** N_PREFIX is set: a machine that runs the tests may have runtimes of n in /usr/local. */
function find(name: string, env: Record<string, string> = {}): ReturnType<typeof findRuntime> {
  return findRuntime(name, { HOME: home, N_PREFIX: join(home, "n-prefix"), ...env });
}

function refusal(name: string): EnvpackError {
  try {
    find(name);
  } catch (error) {
    return error as EnvpackError;
  }
  throw new Error("it was found");
}

describe("findRuntime", () => {
  test.for([
    ["nvm", ".nvm/versions/node/v22.11.0"],
    ["fnm", ".local/share/fnm/node-versions/v22.11.0/installation"],
    ["fnm's older place", ".fnm/node-versions/v22.11.0/installation"],
    ["Volta", ".volta/tools/image/node/22.11.0"],
    ["mise", ".local/share/mise/installs/node/22.11.0"],
    ["asdf", ".asdf/installs/nodejs/22.11.0"],
    ["n", "n-prefix/n/versions/node/22.11.0"],
  ] as const)("finds a runtime of %s by its version, with and without v", ([, place]) => {
    const prefix = addRuntime(place);
    for (const name of ["v22.11.0", "22.11.0", "22.11", "v22", "22"]) expect(find(name)).toEqual({ prefix, notices: [] });
  });

  test.for([
    ["NVM_DIR", "versions/node/v20.1.0"],
    ["FNM_DIR", "node-versions/v20.1.0/installation"],
    ["VOLTA_HOME", "tools/image/node/20.1.0"],
    ["MISE_DATA_DIR", "installs/node/20.1.0"],
    ["ASDF_DATA_DIR", "installs/nodejs/20.1.0"],
    ["N_PREFIX", "n/versions/node/20.1.0"],
  ] as const)("obeys %s", ([variable, place]) => {
    const prefix = addRuntime(`moved/${place}`);
    expect(find("20", { [variable]: join(home, "moved") }).prefix).toBe(prefix);
  });

  test("takes a variable that is empty for none", () => {
    const prefix = addRuntime(".nvm/versions/node/v22.11.0");
    expect(find("22", { NVM_DIR: "", XDG_DATA_HOME: "" }).prefix).toBe(prefix);
  });

  test("takes the newest of several, by number, and says which and what else there is", () => {
    addRuntime(".nvm/versions/node/v22.9.0");
    const newest = addRuntime(".volta/tools/image/node/22.10.0");
    addRuntime(".nvm/versions/node/v20.1.0");
    const found = find("v22");
    expect(found.prefix).toBe(newest);
    expect(found.notices).toEqual([
      {
        code: "RUNTIME_CHOSEN",
        message: "of the runtimes that v22 may mean the newest is packed: v22.10.0 of Volta; there are also v22.9.0 of nvm",
        path: newest,
      },
    ]);
  });

  test("a version's beginning ends at a dot: 2 is not 22, 22.1 is not 22.11", () => {
    addRuntime(".nvm/versions/node/v22.11.0");
    expect(refusal("2")).toMatchObject({ code: "RUNTIME_NOT_FOUND" });
    expect(refusal("22.1")).toMatchObject({ code: "RUNTIME_NOT_FOUND" });
  });

  test("leaves out mise's links of shorter names and folders without a node", () => {
    const prefix = addRuntime(".local/share/mise/installs/node/22.11.0");
    symlinkSync("./22.11.0", join(home, ".local/share/mise/installs/node/22"));
    symlinkSync("./22.11.0", join(home, ".local/share/mise/installs/node/latest"));
    mkdirSync(join(home, ".nvm/versions/node/v22.12.0"), { recursive: true });
    expect(find("22")).toEqual({ prefix, notices: [] });
  });

  test("names what there is when nothing fits", () => {
    expect(refusal("v22").hint).toBe("nvm, fnm, Volta, mise, asdf and n have none in their usual places; name the folder with -p");
    addRuntime(".nvm/versions/node/v20.1.0");
    addRuntime(".asdf/installs/nodejs/18.20.0");
    const error = refusal("v22");
    expect(error).toMatchObject({ code: "RUNTIME_NOT_FOUND", message: "no version manager has a node v22" });
    expect(error.hint).toBe("there are v20.1.0 of nvm, v18.20.0 of asdf; name another folder with -p");
  });

  test.for(["../../etc", "", "latest", "22.x", "v22.11.0.1"])("refuses %j, which is no version", (name) => {
    expect(refusal(name).code).toBe("USAGE");
  });
});
