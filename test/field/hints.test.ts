import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EnvpackError } from "../../src/support/errors.js";
import { makeFolder, type Content } from "../environment/tree.js";
import { codes, ManagerProject } from "./manager-project.js";

/* A hint must cure: each is followed as it is typed, with the manager whose hint it is. */

const scratch = makeFolder();
let at = 0;

const NODE_MODULES: Readonly<Record<string, Content>> = { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" };
/** Manager, what it is told, files, and where debug's ms lies. */
const MANAGERS: readonly (readonly [string, string, Readonly<Record<string, Content>>, string])[] = [
  ["npm@11.21.2", "npm install", {}, "node_modules/ms"],
  ["npm@6.14.18", "npm install", {}, "node_modules/ms"],
  ["pnpm@12.21.0", "pnpm install", {}, "node_modules/.pnpm/ms@2.1.2/node_modules/ms"],
  ["pnpm@10.34.9", "pnpm install", {}, "node_modules/.pnpm/ms@2.1.2/node_modules/ms"],
  ["yarn@1.22.22", "yarn install", {}, "node_modules/ms"],
  ["yarn@4.18.1", "yarn install", NODE_MODULES, "node_modules/ms"],
  ["bun@1.4.5", "bun install", {}, "node_modules/ms"],
  ["deno@2.9.6", "deno install", {}, "node_modules/.deno/ms@2.1.2/node_modules/ms"],
];

/** The refusal of a project; the test fails where it packs. */
async function refusal(project: ManagerProject): Promise<EnvpackError> {
  const outcome = await project.pack("refused").catch((error: unknown) => error);
  expect(outcome).toMatchObject({
    code: expect.stringMatching(/^(NOT_INSTALLED|LOCK_MISMATCH)$/),
    hint: expect.stringContaining("--ignore-lock"),
  });
  return outcome as EnvpackError;
}

/** Both ways of a hint: the other option packs at once, the command makes the refusal go away. */
async function follow(project: ManagerProject): Promise<void> {
  const { hint = "", code } = await refusal(project);
  expect(codes(await project.pack("past", { ignoreLock: true }))).toContain(code);
  const [command = ""] = [...hint.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
  await project.sh(command);
  expect(codes(await project.pack("cured")), command).toEqual([]);
}

describe("kind 7: the hint of an installation that is not whole cures it", () => {
  test.each(MANAGERS)("N13: %s", async (spec, install, files, ms) => {
    const project = await ManagerProject.make(spec, join(scratch, String(at++)), {
      "package.json": { name: "one", version: "1.0.0", license: "MIT", dependencies: { debug: "4.3.4" } },
      ...files,
    });
    await project.sh(install);
    expect(codes(await project.pack("whole"))).toEqual([]);
    rmSync(join(project.root, ms), { recursive: true });
    await follow(project);
    writeFileSync(`${join(project.root, ms, "package.json")}.new`, "");
    await project.sh(`mv '${ms}/package.json.new' '${ms}/package.json'`);
    await follow(project);
    rmSync(join(project.root, "node_modules"), { recursive: true });
    await follow(project);
    writeFileSync(
      join(project.root, "package.json"),
      JSON.stringify({ name: "one", version: "1.0.0", license: "MIT", dependencies: { debug: "4.3.4", semver: "7.6.0" } }),
    );
    await follow(project);
  });

  test("N13: without a lockfile all is made anew", async () => {
    const project = await ManagerProject.make("deno@2.9.6", join(scratch, String(at++)), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { debug: "4.3.4" } },
    });
    await project.sh("deno install && rm deno.lock && rm -r node_modules/.deno/ms@2.1.2/node_modules/ms");
    await follow(project);
  });

  test("N13: Plug'n'Play: an archive is missing, or damaged, or .pnp.cjs is", async () => {
    const project = await ManagerProject.make("yarn@4.18.1", join(scratch, String(at++)), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { semver: "7.6.0", esbuild: "0.28.2" } },
      ".yarnrc.yml": "enableGlobalCache: false\n",
      "yarn.lock": "",
    });
    await project.sh("yarn install");
    // Of esbuild's packages for other platforms none was fetched, and that is no fault.
    expect(codes(await project.pack("whole"))).not.toContain("LOCK_MISMATCH");
    await project.sh("rm .yarn/cache/semver-npm-*.zip");
    const lost = await refusal(project);
    expect(lost.message).toMatch(/: semver@7\.6\.0$/);
    await project.sh(
      "yarn install --immutable && cp .yarn/cache/semver-npm-*.zip ../semver.zip && head -c 1000 ../semver.zip >$(ls .yarn/cache/semver-npm-*.zip)",
    );
    const damaged = await refusal(project);
    expect(damaged.hint).toContain("remove the file and bring it back with `yarn install`");
    rmSync(damaged.path ?? "");
    await project.sh("yarn install && : >.pnp.cjs");
    expect((await refusal(project)).hint).toContain("`yarn install`");
    expect(codes(await project.pack("past", { ignoreLock: true }))).toContain("NOT_INSTALLED");
    await project.sh("yarn install");
    expect(codes(await project.pack("cured"))).not.toContain("NOT_INSTALLED");
  });

  test.each([
    ["yarn@1.22.22", "yarn install --frozen-lockfile"],
    ["yarn@4.18.1", "yarn install --immutable"],
  ])("N13: %s is told its own option", async (spec, command) => {
    const project = await ManagerProject.make(spec, join(scratch, String(at++)), {
      "package.json": { name: "one", version: "1.0.0", license: "MIT", dependencies: { ms: "2.1.3" } },
      ...(spec.startsWith("yarn@4") ? NODE_MODULES : {}),
    });
    await project.sh("yarn install && rm -rf node_modules .yarn");
    expect((await refusal(project)).hint).toContain(`\`${command}\``);
    await follow(project);
  });
});
