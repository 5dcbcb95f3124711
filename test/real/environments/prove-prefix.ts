import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { run } from "./run.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const PATIENCE = 300_000;

interface Proved {
  readonly status: number | null;
  readonly failed: readonly string[];
  readonly said: string;
}

async function prove(path: string, source: string): Promise<Proved> {
  const { status, stdout, stderr } = await run(process.execPath, [ENVPACK, "prove", path, "--source", source, "--no-save", "--json"], {
    patience: PATIENCE,
  });
  const { runs = [] } = JSON.parse(stdout) as { runs?: { trials: { kind: string; name: string; outcome: string }[] }[] };
  const failed = runs.flatMap(({ trials }) => trials).filter(({ outcome }) => outcome === "failed");
  return { status, failed: failed.map(({ kind, name }) => `${kind} ${name}`), said: `${stdout}\n${stderr}` };
}

/**
 * Nothing of a prefix fails in the sandbox that works at the source; without the packages of its commands it does, and where it
 * has none, without its node.
 *
 * @param extracted the same archive as a folder, which is broken
 */
export async function expectPrefixProved(archive: string, extracted: string, source: string): Promise<void> {
  const whole = await prove(archive, source);
  expect(whole.failed, "what does not run elsewhere").toEqual([]);
  expect(whole.status, whole.said).toBe(0);
  const { packages } = JSON.parse(readFileSync(join(extracted, ".envpack/manifest.json"), "utf8")) as Manifest;
  const installed = packages.filter(
    ({ path, name }) => path.split("/").at(-1) === name.split("/").at(-1) && !["npm", "corepack"].includes(name),
  );
  const removed = installed.length === 0 ? ["bin/node"] : installed.map(({ path }) => path);
  for (const path of removed) rmSync(join(extracted, path), { recursive: true, force: true });
  const broken = await prove(extracted, source);
  expect(broken.status, `of one that is broken on purpose: ${broken.said}`).toBe(1);
}
