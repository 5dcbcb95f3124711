import { open } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { Entry } from "../archive/entry.js";
import { SNIFF_BYTES } from "../archive/formats.js";
import { beginsStub } from "../archive/stub/header.js";
import { sniffCodec } from "../archive/sniff.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { compareSides } from "../inspect/fleet/compare.js";
import type { Side } from "../inspect/fleet/side.js";
import { invalid, type Report } from "../inspect/fleet/report.js";
import { ASPECTS, type Aspect, type Row, type RowValue } from "../inspect/fleet/row.js";
import { splitReports } from "../inspect/fleet/split-reports.js";
import { describe } from "./info.js";
import type { CommonOptions } from "../support/options.js";
import { readShortFile, TextRefused } from "../support/read-text.js";
import { isFolder, openEnvironment } from "../inspect/open-environment.js";
import { append } from "../support/append.js";

export type { Aspect, Row, RowValue };

export interface DiffOptions extends CommonOptions {
  /** Archives, restored environments, and files or streams of reports; two sides at least come of them. */
  readonly sources: readonly (string | Readable)[];
  /** Believes the indexes of restored environments; by default every file of theirs is read. */
  readonly quick?: boolean;
  /** What may differ: `Aspect`s. */
  readonly ignore?: readonly string[];
}

/** One of those that were compared. */
export interface DiffSide {
  /** What it was called on the command line; of a report, the machine's name. */
  readonly name: string;
  readonly source: "archive" | "folder" | "report";
  /** Where it lies, absolute, on its machine. */
  readonly path: string;
  /** The digest of all its entries. */
  readonly content: string;
  readonly entries: number;
  readonly packages: number;
  /** Whether its files were read, or its index believed. An archive has nothing but its index. */
  readonly read: boolean;
}

export interface DiffResult {
  readonly equal: boolean;
  readonly sides: readonly DiffSide[];
  readonly differences: readonly Row[];
  /** Sides that are not with the most in everything. */
  readonly drifted: readonly string[];
  /** Files that differ in packages that do: they are not among the differences. */
  readonly implied: number;
}

/** Bytes of reports: those of a thousand machines with a thousand packages each take half of it. */
const REPORTS_LIMIT = 512 << 20;

type Found = Omit<Side, "name"> & { readonly source: DiffSide["source"]; readonly called: string };

/**
 * Compares environments: archives, folders, and reports (`info` as JSON) from machines far away.
 *
 * @throws EnvpackError USAGE where there are not two of them, REPORT_INVALID, NOT_AN_ENVIRONMENT, NOT_AN_ARCHIVE …
 */
export async function diff(options: DiffOptions): Promise<DiffResult> {
  const ignore = new Set(options.ignore?.map(parseAspect));
  const found: Found[] = [];
  for (const source of options.sources) append(found, await readSides(source, options));
  if (found.length < 2) {
    throw new EnvpackError("USAGE", `there is ${found.length === 0 ? "nothing" : "one environment only"} to compare`, {
      hint: "name two or more: archives, unpacked environments, files of reports",
    });
  }
  const sides = nameSides(found);
  const { rows, drifted, implied } = compareSides(sides, ignore);
  return { equal: rows.length === 0, sides: sides.map(summarize), differences: rows, drifted, implied };
}

function parseAspect(text: string): Aspect {
  const aspect = ASPECTS.find((one) => one === text);
  if (aspect !== undefined) return aspect;
  throw new EnvpackError("USAGE", `there is no ${JSON.stringify(text)} to ignore`, { hint: `name one of ${ASPECTS.join(", ")}` });
}

async function readSides(source: string | Readable, options: DiffOptions): Promise<Found[]> {
  if (typeof source !== "string") return reportsOf(await readStream(source), "stdin");
  const path = resolve(source);
  if (!(await isFolder(path)) && !(await isArchive(path))) return reportsOf(readText(path), source);
  const { threads, signal, onProgress } = options;
  const packed = await openEnvironment(path, { signal });
  try {
    if (packed.manifest.layer !== undefined) {
      throw new EnvpackError("LAYER_BASE", "a layer holds only what differs from its base, and is not compared", {
        path,
        hint: "compare what it makes: `envpack unpack LAYER DIR --onto OLD`",
      });
    }
    const report: Report = await describe(packed, { verify: options.quick !== true, threads, signal, onProgress });
    const entries: readonly Entry[] = packed.index.entries;
    return [{ called: source, source: packed.kind, report, entries }];
  } finally {
    await packed.close();
  }
}

async function isArchive(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
      const start = buffer.subarray(0, bytesRead);
      // A binary file that is no archive is told so, and not read as a report.
      if (start.includes(0) || beginsStub(start)) return true;
      sniffCodec(start);
      return true;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EnvpackError) return false;
    throw explainError(error, "cannot read", path);
  }
}

function reportsOf(text: string, source: string): Found[] {
  return splitReports(text, source).map((report) => ({
    called: report.host?.name ?? basename(report.path),
    source: "report",
    report,
    entries: null,
  }));
}

function readText(path: string): string {
  try {
    return readShortFile(path, REPORTS_LIMIT).toString("utf8");
  } catch (error) {
    if (error instanceof TextRefused) throw invalid("it is too long, or no file", path);
    throw explainError(error, "cannot read the reports", path);
  }
}

async function readStream(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > REPORTS_LIMIT) throw invalid("it is too long", "stdin");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Where two are called the same, their places tell them apart, and at last a number does. */
function nameSides(found: readonly Found[]): (Side & Found)[] {
  const isShared = (called: string): boolean => found.filter((one) => one.called === called).length > 1;
  const taken = new Set<string>();
  return found.map((one) => {
    const base = isShared(one.called) && one.called !== one.report.path ? `${one.called}:${one.report.path}` : one.called;
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base} (${number})`;
    taken.add(name);
    return { ...one, name };
  });
}

function summarize({ name, source, report }: Side & Found): DiffSide {
  const { path, digests, entries, manifest, differences } = report;
  return { name, source, path, content: digests.content, entries, packages: manifest.packages.length, read: differences !== null };
}
