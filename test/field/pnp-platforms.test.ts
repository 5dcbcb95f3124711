import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { makeScratch } from "../real/commands.js";
import { ManagerProject } from "./manager-project.js";

let project: ManagerProject;
const codes = ({ notices }: { readonly notices: readonly { readonly code: string }[] }): string[] => notices.map(({ code }) => code);

beforeAll(async () => {
  project = await ManagerProject.make("yarn@4.18.1", join(makeScratch(), "pnp"), {
    "package.json": { name: "pnp", version: "1.0.0", dependencies: { esbuild: "0.25.0" } },
    ".yarnrc.yml": "enableGlobalCache: false\nenableScripts: false\n",
    "yarn.lock": "",
  });
  await project.sh("yarn install");
  return () => vi.unstubAllEnvs();
}, 300_000);

test("P6: Plug'n'Play names packages for other platforms, and nothing is said to be missing", async () => {
  expect(existsSync(join(project.root, ".pnp.cjs"))).toBe(true);
  expect(codes(await project.pack("whole"))).toEqual([]);
});

test("P6: without a lockfile nothing tells why they are absent, and that is noted", async () => {
  await project.sh("mv yarn.lock ..");
  expect(codes(await project.pack("unlocked", { ignoreLock: true }))).toContain("PNP_MISSING");
  await project.sh("mv ../yarn.lock .");
});

test("P6: where the package for this platform was taken away it is refused by name", async () => {
  const cache = ["package.json", ".yarn/cache", ".yarn/unplugged"].map((name) => join(project.root, name));
  for (const folder of cache.slice(1)) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) if (/^@?esbuild-linux/.test(name)) rmSync(join(folder, name), { recursive: true });
  }
  const refused = await project.pack("lost").catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: "LOCK_MISMATCH",
    message: expect.stringContaining("@esbuild/linux-"),
    hint: expect.stringContaining("yarn install"),
  });
});
