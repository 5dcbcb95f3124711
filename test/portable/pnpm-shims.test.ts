import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makeShimRelative } from "../../src/portable/rules/pnpm-shims.js";
import { scratchFolder } from "../scratch.js";

const ROOT = "/opt/my app";
const toArcpath = (path: string): string | null =>
  path.startsWith(`${ROOT}/`) ? `app${path.slice(ROOT.length)}` : path.startsWith("/srv/lib/") ? `links/lib${path.slice(8)}` : null;

/** As pnpm 10 writes it, without the parts for Cygwin. */
const shim = (paths: string, program = "../tool/cli.js"): string => `#!/bin/sh
basedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")

if [ -z "$NODE_PATH" ]; then
  export NODE_PATH="${paths}"
else
  export NODE_PATH="${paths}:$NODE_PATH"
fi
if [ -x "$basedir/node" ]; then
  exec "$basedir/node"  "$basedir/${program}" "$@"
else
  exec node  "$basedir/${program}" "$@"
fi
`;

const relocate = (text: string): string => makeShimRelative(text, "app/node_modules/.bin", `${ROOT}/node_modules/.bin`, { toArcpath });

describe("what is rewritten", () => {
  test("folders that go in, and no others", () => {
    const text = relocate(shim(`${ROOT}/node_modules/.pnpm/node_modules:/usr/lib/node:/opt/my app2/x`));
    expect(text).toContain('export NODE_PATH="$envpack_basedir/../.pnpm/node_modules:/usr/lib/node:/opt/my app2/x"');
    expect(text).not.toContain(`${ROOT}/`);
  });

  test("a program outside the root that was brought in, in the words of both versions", () => {
    const ten = relocate(shim("/usr/x", "../../../../srv/lib/cli.js"));
    expect(ten).toContain('exec node  "$basedir/../../../links/lib/cli.js"');
    const twelve = `#!/bin/sh\nbasedir=x\nexec node  "$basedir_abs"/'../../../../srv/lib/cli.js' "$@"\n# cmd-shim-target=/srv/lib/cli.js\n`;
    expect(relocate(twelve)).toContain(`"$basedir_abs"/'../../../links/lib/cli.js'`);
    expect(relocate(twelve)).toContain("# cmd-shim-target=../../../links/lib/cli.js");
  });

  test.each(["#!/usr/bin/env node\nrequire('/opt/my app/x')\n", `export NODE_PATH="${ROOT}/a"\n`, ""])(
    "not what is no shim: %j",
    (text) => {
      expect(relocate(text)).toBe(text);
    },
  );
});

describe("a shim that was moved", () => {
  let scratch: string;
  beforeAll(() => {
    scratch = scratchFolder("shim");
    const modules = join(scratch, "a new $place/app/node_modules");
    mkdirSync(join(modules, ".pnpm/node_modules/phantom"), { recursive: true });
    mkdirSync(join(modules, ".bin"));
    mkdirSync(join(modules, "tool"));
    writeFileSync(join(modules, ".pnpm/node_modules/phantom/index.js"), "module.exports = 'found';");
    writeFileSync(join(modules, "tool/cli.js"), "process.chdir('/'); console.log(require('phantom'), process.argv[2]);");
    writeFileSync(join(modules, ".bin/tool"), relocate(shim(`${ROOT}/node_modules/.pnpm/node_modules`)), { mode: 0o755 });
  });

  const env = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ PATH: `${join(process.execPath, "..")}:/usr/bin:/bin`, ...extra });

  test("finds what its package does not declare, called by a relative path, from another folder", () => {
    const cwd = join(scratch, "a new $place/app");
    const { stdout, stderr } = spawnSync("node_modules/.bin/tool", ["x"], { cwd, env: env(), encoding: "utf8" });
    expect([stdout, stderr]).toEqual(["found x\n", ""]);
  });

  test("keeps a NODE_PATH that is set", () => {
    const file = join(scratch, "a new $place/app/node_modules/.bin/tool");
    writeFileSync(join(scratch, "other.js"), "");
    symlinkSync("other.js", join(scratch, "link.js"));
    const { stdout } = spawnSync(file, ["y"], { env: env({ NODE_PATH: scratch }), encoding: "utf8" });
    expect(stdout).toBe("found y\n");
  });
});
