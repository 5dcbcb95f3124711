import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, type TestContext } from "vitest";
import type { Manifest, RelocationSummary } from "../../../src/manifest/manifest.js";
import type { CensusRow } from "./census.js";

/** What `make test-real` tells of a case that came through. */
export interface MovedRow {
  readonly name: string;
  readonly census: readonly CensusRow[];
  /** How many things were tried before and after the move. */
  readonly tried: number;
  /** Files that name the place where it was built; all of them are reported. */
  readonly residue: number;
  /** The code with which pack refuses it, where it is right to. */
  readonly refused?: string;
}

declare module "vitest" {
  interface TaskMeta {
    moved?: MovedRow;
  }
}

/** Hands a case's row to the reporter (row-reporter.ts). */
export function noteMoved({ task }: TestContext, { name, census, tried, residue, refused }: MovedRow): void {
  task.meta.moved = { name, census, tried, residue, refused };
}

/** Every file below a folder with what changes when somebody touches it. */
export function snapshot(folder: string): readonly string[] {
  const lines = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const { ino, size, mtimeMs, ctimeMs, mode } = lstatSync(path);
    return [path, ino, size, mtimeMs, ctimeMs, mode].join(" ");
  });
  return lines.sort();
}

/** What a case says must come out, as far as projects and prefixes have it in common. */
export interface ExpectedContent {
  readonly relocation?: Readonly<Partial<Record<keyof RelocationSummary, number>>>;
  readonly present?: readonly string[];
  readonly absent?: readonly string[];
}

export function expectContent(wanted: ExpectedContent, manifest: Manifest, extracted: string): void {
  for (const [action, least] of Object.entries(wanted.relocation ?? {})) {
    expect(manifest.relocation[action as keyof RelocationSummary], action).toBeGreaterThanOrEqual(least);
  }
  const isThere = (path: string): boolean => lstatSync(join(extracted, path), { throwIfNoEntry: false }) !== undefined;
  expect(
    (wanted.present ?? []).filter((path) => !isThere(path)),
    "missing",
  ).toEqual([]);
  expect((wanted.absent ?? []).filter(isThere), "what should have stayed out").toEqual([]);
}
