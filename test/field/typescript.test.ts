import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { pack, unpack } from "../../src/index.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { NEWEST_LTS } from "../node-versions.mjs";
import { bringManager } from "../real/environments/managers.js";
import { runWell } from "../real/environments/run.js";
import { sandboxMissing } from "../real/environments/sandbox.js";
import { move, runManager } from "./elsewhere.js";

const scratch = realpathSync(makeFolder());
const missing = sandboxMissing();

beforeEach((context) => {
  if (missing !== null) context.skip(missing);
});

test("P8: a workspace's packages of TypeScript are no zip without links; the hint's way works", async () => {
  const folder = join(scratch, "P8");
  const path = writeTree(join(folder, "work"), {
    "package.json": { private: true, workspaces: ["packages/*"] },
    "packages/lib/package.json": { name: "lib", version: "1.0.0", type: "module", exports: "./index.ts" },
    "packages/lib/index.ts": 'export const text: string = "typed";\n',
    "packages/app/package.json": { name: "app", version: "1.0.0", type: "module", dependencies: { lib: "1.0.0" } },
    "packages/app/index.ts": 'import { text } from "lib";\nconsole.log(text);\n',
  });
  await runManager("npm@11.21.2", path, ["install"]);
  const { command: node } = await bringManager(`node@${NEWEST_LTS}`);
  const zip = join(folder, "g.zip");
  await expect(pack({ path, node, format: "zip", output: zip })).rejects.toMatchObject({
    code: "LINK_NEEDED",
    message: expect.stringContaining("index.ts"),
    hint: expect.stringContaining("--zip-symlinks"),
  });
  expect(existsSync(zip)).toBe(false);
  await pack({ path, node, format: "zip", zipSymlinks: true, output: zip });
  const directory = join(folder, "deep/er/env");
  mkdirSync(join(folder, "deep/er"), { recursive: true });
  await unpack({ archive: zip, target: directory });
  const { stdout } = await runWell(join(directory, "bin/node"), [join(directory, "app/packages/app/index.ts")]);
  expect(stdout).toBe("typed\n");
});

test("P17: devDependencies only, a .ts entry, node --run and an imports map run elsewhere", async () => {
  const folder = join(scratch, "P17");
  const path = writeTree(join(folder, "work"), {
    "package.json": {
      name: "tool",
      version: "1.0.0",
      type: "module",
      imports: { "#lib/*": "./src/*.ts" },
      scripts: { go: "node src/main.ts --gone" },
      devDependencies: { ms: "2.1.3" },
    },
    "src/main.ts": 'import ms from "ms";\nimport { add } from "#lib/add";\nconsole.log(add(1, 2), ms(1000), process.argv[2]);\n',
    "src/add.ts": "export const add = (a: number, b: number): number => a + b;\n",
  });
  await runManager("npm@11.21.2", path, ["install"]);
  const { command: node } = await bringManager(`node@${NEWEST_LTS}`);
  const moved = await move(folder, { path, node });
  expect((await moved.node("app/src/main.ts")).stdout).toBe("3 1s undefined\n");
  expect((await moved.nodeIn("app", ["--run", "go"])).stdout).toBe("3 1s --gone\n");
});
