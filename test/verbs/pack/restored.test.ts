import { chmodSync, copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pack } from "../../../src/verbs/pack/pack.js";
import { unpack } from "../../../src/verbs/unpack.js";
import { verify } from "../../../src/verbs/verify.js";
import { execute, makeScratch } from "../../real/commands.js";
import { smallNode } from "../../small-node.js";

const scratch = makeScratch();

/** A folder with a node that is a script, and a global package with a command. */
function writePrefix(prefix: string): void {
  for (const folder of ["bin", "lib/node_modules/tool"]) mkdirSync(join(prefix, folder), { recursive: true });
  copyFileSync(smallNode(), join(prefix, "bin/node"));
  writeFileSync(join(prefix, "lib/node_modules/tool/package.json"), '{"name":"tool","version":"1.0.0","bin":"cli.js"}');
  writeFileSync(join(prefix, "lib/node_modules/tool/cli.js"), "#!/usr/bin/env node\nconsole.log('it runs');\n");
  chmodSync(join(prefix, "lib/node_modules/tool/cli.js"), 0o755);
  symlinkSync("../lib/node_modules/tool/cli.js", join(prefix, "bin/tool"));
}

test("a prefix that was restored is packed again, with records of its own", async () => {
  writePrefix(join(scratch, "prefix"));
  const [first, second] = ["first.tar", "second.tar"].map((name) => join(scratch, name)) as [string, string];
  await pack({ prefix: join(scratch, "prefix"), output: first });
  await unpack({ archive: first, target: join(scratch, "restored") });
  writeFileSync(join(scratch, "restored/lib/node_modules/tool/more.js"), "");
  const { leftOut } = await pack({ prefix: join(scratch, "restored"), output: second });
  expect(leftOut).toContainEqual(expect.objectContaining({ path: ".envpack", kind: "records of the archive that it was restored from" }));
  const { target } = await unpack({ archive: second, target: join(scratch, "deep/er/again") });
  renameSync(join(scratch, "restored"), join(scratch, "gone"));
  renameSync(join(scratch, "prefix"), join(scratch, "gone too"));
  expect((await verify({ path: target })).ok).toBe(true);
  expect(execute(join(target, "bin/tool"), []).stdout).toBe("it runs\n");
});

test("of a restored project the hint leads to the project in it", async () => {
  const project = join(scratch, "a project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"name":"shop","version":"1.0.0"}');
  const archive = join(scratch, "shop.tar");
  await pack({ path: project, node: smallNode(), output: archive });
  const { target } = await unpack({ archive, target: join(scratch, "its place") });
  const refusal = (await pack({ path: target, output: join(scratch, "x.tar") }).catch((error: unknown) => error)) as { hint: string };
  expect(refusal).toMatchObject({ code: "NOT_AN_ENVIRONMENT", path: target });
  const named = /`envpack pack '(.*)'`/.exec(refusal.hint)?.[1];
  const again = await pack({ path: named, node: smallNode(), output: join(scratch, "x.tar") });
  expect(again.manifest.name).toBe("shop");
});
