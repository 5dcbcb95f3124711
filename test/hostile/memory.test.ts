import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENVPACK, execute, makeScratch } from "../real/commands.js";
import { emptyFrames, folders, ownEntries, withCrowd } from "./crowds.js";
import { makeHostile } from "./environment.js";
import { encodeFrame, folder, FORMATS } from "./raw-archive.js";

/* What lies about how much it holds is refused before so much is in memory. */

const scratch = makeScratch();

/** Bytes: Node.js itself and a thread take about half of them, newer versions more; a whole index of 1.5 million entries takes 572 MiB. */
const MOST = (process.versions.node.startsWith("20.") ? 150 : 200) << 20;

/** Starts the real command, and gives what it said with the most memory that it had, in bytes. */
function measure(args: readonly string[], stdin?: string): { readonly stderr: string; readonly peak: number } {
  const note = join(scratch, "peak");
  const script = `import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(note)},String(process.resourceUsage().maxRSS)))`;
  const command = [process.execPath, "--import", `data:text/javascript,${encodeURIComponent(script)}`, ENVPACK, ...args];
  const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const { stderr } = execute("sh", ["-c", stdin === undefined ? line : `cat '${stdin}' | ${line}`], { timeout: 100_000 });
  return { stderr, peak: 1024 * Number(readFileSync(note, "utf8")) };
}

const CROWDS = [
  ["entries", () => folders(), "end"],
  ["frames", () => emptyFrames(), "end"],
  ["frames without entries", () => emptyFrames(), "front"],
  ["entries of envpack's own", () => ownEntries(), "end"],
] as const;

/** Of five entries the index's length alone tells; of five thousand its lines do. */
const PROMISED = { "tar.zst": 5, "tar.gz": 5000, tar: 5000 };

test.for(FORMATS.flatMap((format) => CROWDS.map(([what, crowd, place]) => [format, what, PROMISED[format], crowd, place] as const)))(
  "28: a %s archive whose index lists 1.5 million %s, of %i promised, is refused in little memory",
  { timeout: 240_000 },
  ([format, _, promised, crowd, place], { task }) => {
    const archive = join(scratch, "crowd");
    writeFileSync(archive, withCrowd(format, crowd, place, promised));
    const target = join(scratch, "target");
    const tries: readonly (readonly [readonly string[], string?])[] = [
      [["list", archive]],
      [["info", archive]],
      [["verify", "-j", "1", archive]],
      [["unpack", "-j", "1", archive, target]],
      [["verify", "-j", "1", "-"], archive],
      [["unpack", "-j", "1", "-", target], archive],
    ];
    const got = new Set<string>();
    let most = 0;
    for (const [args, stdin] of tries) {
      const { stderr, peak } = measure(args, stdin);
      const note = `${args.join(" ")}: ${(peak / 2 ** 20).toFixed(0)} MiB`;
      expect(stderr, note).toMatch(/^envpack: error\[ARCHIVE_(LIMIT|CORRUPT)\] [^\n]+\n(hint: [^\n]+\n)?$/);
      expect(peak, note).toBeLessThan(MOST);
      got.add(/\[([A-Z_]+)\]/.exec(stderr)?.[1] ?? "");
      most = Math.max(most, peak);
    }
    task.meta.row = { expected: "refuse", got: `${[...got].join(", ")} within ${(most / 2 ** 20).toFixed(0)} MiB` };
  },
);

test("28: a stream of envpack's own folder again and again, before any index, is refused in little memory", ({ task }) => {
  const tar = Buffer.concat(Array.from({ length: 8192 }, () => folder(".envpack").tar));
  const crowd = { tar, line: null, encoded: encodeFrame("tar.gz", tar) };
  const archive = join(scratch, "again");
  writeFileSync(
    archive,
    makeHostile("tar.gz", { frames: ([first = [], ...rest]) => [first, ...Array.from({ length: 400 }, () => [crowd]), ...rest] }),
  );
  for (const verb of [
    ["verify", "-j", "1", "-"],
    ["unpack", "-j", "1", "-", join(scratch, "target")],
  ]) {
    const { stderr, peak } = measure(verb, archive);
    expect(stderr).toMatch(/^envpack: error\[ARCHIVE_UNSAFE\] the archive holds this path twice/);
    expect(peak).toBeLessThan(MOST);
    task.meta.row = { expected: "refuse", got: `ARCHIVE_UNSAFE within ${(peak / 2 ** 20).toFixed(0)} MiB` };
  }
});

test("28: the limit is above what an honest archive takes", () => {
  const archive = join(scratch, "honest");
  writeFileSync(archive, makeHostile("tar.gz"));
  const { stderr, peak } = measure(["verify", "-q", "-j", "1", archive]);
  expect([stderr, peak > 30 << 20 && peak < MOST]).toEqual(["", true]);
});
