import { createReadStream, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { ENVPACK, execute, has, NOBODY, nobodyMissing, type Outcome } from "../real/commands.js";
import { Box } from "./box.js";
import { makeHostile } from "./environment.js";
import { FORMATS } from "./raw-archive.js";
import type { Row } from "./rows.js";
import { StandingTool } from "./standing-tool.js";

/** Bytes of heap, seconds of processor and open files that the real command may take. */
const LIMITS = ["--data=2000000000", "--cpu=60", "--nofile=256"];

const REFUSED = /NOT_AN_ARCHIVE|ARCHIVE_(CORRUPT|UNSAFE|LIMIT|TOO_NEW)|DIGEST_MISMATCH|SIGNATURE_INVALID/;
const without = nobodyMissing();

/** Rows of large windows, bombs and many frames: what they take counts from the start of a process of their own. */
const HUNGRY = new Set([25, 26, 28, 29]);

/** The built tool, as the users that start it. */
interface Tools {
  readonly own: StandingTool;
  readonly nobody: StandingTool;
}

/**
 * Makes a test of each row: every place, every format, from a file and from a stream, by the API; and
 * by the built command, as this user or as another one, under limits; the first of each number by both
 * and by every verb. A process of its own shows how a process ends: for the first unpack of each number, and
 * for all that could take much memory. `make test-hostile` prints a line a row.
 *
 * @param only rows that are zips: from files alone, since no zip is read from a stream
 */
export function tryRows(makeRows: (box: Box) => readonly Row[], only?: "zip"): void {
  const ways = only === "zip" ? (["file"] as const) : (["file", "stream"] as const);
  const box = new Box();
  const tools: Tools = { own: new StandingTool(), nobody: new StandingTool(NOBODY) };
  const seen = new Set<number>();
  afterAll(async () => {
    box.remove();
    for (const tool of [tools.own, tools.nobody]) await tool.stop();
    if (without !== null) process.stdout.write(`  not as another user: ${without}\n`);
  });
  for (const [at, row] of makeRows(box).entries()) {
    test(`${row.number}: ${row.what}`, { timeout: 240_000 }, async ({ task }) => {
      box.removeTargets();
      const got = new Set<string>();
      const made: string[] = [];
      for (const { bytes, name, expected } of insideOf(row, only)) {
        made.push(write(box, name, bytes));
        for (const way of ways) got.add(await byApi(box, made.at(-1) ?? "", way, expected));
      }
      for (const [turn, { bytes, name, expected }] of aroundOf(row).entries()) {
        await byApi(box, write(box, name, bytes), (at + turn) % 2 === 0 ? "file" : "stream", expected);
      }
      const isFirst = !seen.has(row.number);
      seen.add(row.number);
      got.add(await byCommand({ box, tools }, made[at % made.length] ?? "", row, isFirst, at % 2 === 1));
      task.meta.row = { expected: row.expected === "accept" ? "accept" : "refuse", got: [...got].sort().join(", ") };
    });
  }
}

interface Variant {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: Row["expected"];
}

/** The archive as the row says, in every format that knows such a thing. */
function insideOf({ archive, expected }: Row, only: "zip" | undefined): Variant[] {
  if (only === "zip" && typeof archive === "function") {
    const bytes = archive("tar");
    return bytes === null ? [] : [{ name: "inside.zip", bytes, expected }];
  }
  return FORMATS.flatMap((format) => {
    const bytes = typeof archive === "function" ? archive(format) : makeHostile(format, archive);
    return bytes === null ? [] : [{ name: `inside.${format}`, bytes, expected }];
  });
}

/** The same entries before everything, and behind the index: there nothing at all is accepted. */
function aroundOf({ archive }: Row): Variant[] {
  if (typeof archive === "function" || archive.inside === undefined) return [];
  const { inside } = archive;
  const tar = Buffer.concat(inside.map((entry) => entry.tar));
  if (tar.length === 0) return [];
  return FORMATS.flatMap((format) => [
    { name: `before.${format}`, bytes: makeHostile(format, { before: inside }), expected: REFUSED },
    { name: `after.${format}`, bytes: makeHostile(format, { after: tar }), expected: REFUSED },
  ]);
}

function write(box: Box, name: string, bytes: Buffer): string {
  const path = join(box.archives, name);
  writeFileSync(path, bytes);
  return path;
}

async function byApi(box: Box, path: string, way: "file" | "stream", expected: Row["expected"]): Promise<string> {
  const before = box.snapshot();
  const target = box.targetOf("own");
  const archive = way === "file" ? path : createReadStream(path);
  const outcome = await unpack({ archive, target, threads: 1 }).then(() => "accept", describe);
  const note = `${path} (${way})`;
  if (expected === "accept") {
    expect([outcome, existsSync(target)], note).toEqual(["accept", true]);
    expect((await verify({ path: target })).differences, note).toEqual([]);
  } else {
    expect(outcome, note).toMatch(expected);
    expect(existsSync(target), note).toBe(false);
    // What unpack refuses, verify refuses, with the same words.
    if (way === "file") expect(await verify({ path, threads: 1 }).then(() => "accept", describe), note).toMatch(expected);
  }
  box.removeTargets();
  expect(box.snapshot(), note).toBe(before);
  return outcome.split(" ")[0] ?? "";
}

function describe(error: unknown): string {
  const { code, message, path } = error as { code?: string; message: string; path?: string };
  return `${code ?? "no code"} ${message} ${path ?? ""}`;
}

interface Place {
  readonly box: Box;
  readonly tools: Tools;
}

/** unpack, verify and list as a user starts them; what they print is one line and holds no control characters. */
async function byCommand({ box, tools }: Place, path: string, row: Row, all: boolean, other: boolean): Promise<string> {
  const before = box.snapshot();
  const unpack = (user: "own" | "nobody"): readonly string[] => ["unpack", "-q", "-j", "1", path, box.targetOf(user)];
  const lines: [verb: string, user: "own" | "nobody", words: readonly string[]][] = [];
  if (without === null && (all || other)) lines.push(["unpack as another user", "nobody", unpack("nobody")]);
  if (without !== null || all || !other) lines.push(["unpack", "own", unpack("own")]);
  if (all) lines.push(["verify", "own", ["verify", "-q", "-j", "1", path]], ["list", "own", ["list", path]]);
  const verbs: [string, Outcome][] = [];
  for (const [at, [verb, user, words]] of lines.entries()) {
    const isAlone = HUNGRY.has(row.number) || (all && at === 0);
    verbs.push([verb, isAlone ? limited(words, user === "nobody" ? NOBODY : {}) : await tools[user].run(words)]);
  }
  for (const [verb, outcome] of verbs) {
    const accepted = row.expected === "accept" || (verb === "list" && !row.listed);
    const note = `${verb} ${path}: ${outcome.stderr}`;
    expect([outcome.status, outcome.signal], note).toEqual([accepted ? 0 : 1, null]);
    expect(outcome.stderr, note).toMatch(accepted ? /^$/ : /^envpack: error\[[A-Z_]+\] [^\n]+\n(hint: [^\n]+\n)?$/);
    if (!accepted) expect(outcome.stderr, note).toMatch(verb === "list" ? REFUSED : row.expected);
    if (!accepted)
      expect(
        [box.targetOf("own"), box.targetOf("nobody")].some((target) => existsSync(target)),
        note,
      ).toBe(false);
    expect(outcome.stdout + outcome.stderr, note).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  }
  box.removeTargets();
  expect(box.snapshot()).toBe(before);
  return row.expected === "accept" ? "accept" : (/\[([A-Z_]+)\]/.exec(verbs[0]?.[1].stderr ?? "")?.[1] ?? "");
}

function limited(args: readonly string[], user: { uid?: number; gid?: number } = {}): Outcome {
  const command = [process.execPath, ENVPACK, ...args];
  const [program = "", ...rest] = has("prlimit") ? ["prlimit", ...LIMITS, "--", ...command] : command;
  return execute(program, rest, { ...user, cwd: "/", timeout: 120_000, env: { ...process.env, HOME: "/nonexistent" } });
}
