import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { listEntries } from "../../src/cache/entries.js";
import { listScratch, makeScratch } from "../../src/cache/scratch.js";
import { fakeRegistry, loginTo } from "../environment/fake-registry.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { ENVPACK } from "../real/commands.js";
import { packProject, writeProject } from "./project.js";

const { state } = fakeRegistry("honest");

afterEach(() => {
  vi.unstubAllEnvs();
  state.stalls = false;
});

function startPack(project: string, output: string): ReturnType<typeof spawn> {
  // A group of its own, so that npm ends with it.
  return spawn(process.execPath, [ENVPACK, "pack", project, "--node", "98.0.0", "--omit", "npm", "-q", "--no-reuse", "-o", output], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

const makeProject = (): string => writeTree(makeFolder(), { "package.json": { name: "p" }, "index.js": "1" });

test("51, 61: what a packer leaves that is killed while a runtime arrives is used by nobody and cleared by the next", async () => {
  const cache = loginTo(state.address());
  const project = makeProject();
  const runtimes = join(cache, "runtimes");
  state.stalls = true;
  const killed = startPack(project, join(project, "../killed.tar.zst"));
  await vi.waitFor(() => expect(existsSync(runtimes) ? readdirSync(runtimes) : []).toHaveLength(1), { timeout: 60_000, interval: 50 });
  process.kill(-(killed.pid as number), "SIGKILL");
  await once(killed, "exit");
  expect((await listEntries(cache)).filter(({ kind }) => kind === "leftover").map(({ inUse }) => inUse)).toEqual([false]);
  state.stalls = false;
  const output = join(makeFolder(), "next.tar.zst");
  expect(await once(startPack(project, output), "exit")).toEqual([0, null]);
  expect((await listEntries(cache)).map(({ kind, inUse }) => [kind, inUse]).sort()).toEqual([
    ["answer", false],
    ["runtime", false],
  ]);
  expect(readdirSync(join(cache, "uses"))).toEqual([]);
  expect(existsSync(output)).toBe(true);
});

test("two at once bring the same runtime, and both use it", async () => {
  const cache = loginTo(state.address());
  const project = makeProject();
  const folder = makeFolder();
  const both = ["a", "b"].map((name) => once(startPack(project, join(folder, `${name}.tar.zst`)), "exit"));
  expect(await Promise.all(both)).toEqual([
    [0, null],
    [0, null],
  ]);
  expect((await listEntries(cache)).map(({ kind }) => kind).sort()).toEqual(["answer", "runtime"]);
  expect(readFileSync(join(folder, "a.tar.zst")).equals(readFileSync(join(folder, "b.tar.zst")))).toBe(true);
});

test("61: what a killed `run ARCHIVE` restored is cleared by the next, and what a live one uses stays", async () => {
  const folder = makeFolder();
  vi.stubEnv("TMPDIR", folder);
  const archive = packProject(writeProject(join(folder, "p")), join(folder, "p.tar"));
  const live = await makeScratch();
  // The command goes on for as long as its stdin is open: it tells where it was restored.
  const child = spawn(process.execPath, [ENVPACK, "run", archive, "--", "sh", "-c", "echo $ENVPACK_ROOT $PATH; cat"], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const dead = /[^ :]*envpack-run-\w{6}/.exec(line.toString())?.[0] as string;
  expect(existsSync(join(dead, "env/app/package.json"))).toBe(true);
  process.kill(-(child.pid as number), "SIGKILL");
  await once(child, "exit");
  expect(dirname(dead)).toBe(tmpdir());
  expect((await listScratch()).map(({ path, inUse }) => [path, inUse]).sort()).toEqual(
    [
      [dead, false],
      [live.path, true],
    ].sort(),
  );
  const next = await makeScratch();
  expect(
    readdirSync(folder)
      .filter((name) => name.startsWith("envpack-"))
      .sort(),
  ).toEqual([live.path, next.path].map((path) => path.slice(folder.length + 1)).sort());
  await next.remove();
  await live.remove();
  expect(readdirSync(folder).sort()).toEqual(["p", "p.tar"]);
});
