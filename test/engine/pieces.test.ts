import { closeSync, ftruncateSync, openSync, readFileSync, utimesSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import "../setup.js";
import { compileRoots, scanContent, type FileHits, type ScanRoot } from "../../src/scan/scan.js";
import { diskFile, folder, pack, scratch } from "./trees.js";

const FRAME = 4 << 20;

const ROOTS: readonly ScanRoot[] = [
  { path: "/opt/x", arcpath: "app" },
  { path: "/opt/y", arcpath: "" },
  // A place of the first reaches over one of the second.
  { path: "/srv/a:/opt/y", arcpath: "store" },
];

/** What is a place, or none, by bytes that stand on the other side of the border. */
const TEXTS = [
  "%2Fopt%2Fx%2Fa",
  "%2Fsrv%2Fa%3A%2Fopt%2Fy%2Fa",
  '"/mnt/opt/x"',
  "file:///opt/x/a",
  "/srv/a:/opt/y/z",
  "/opt/x-2",
  " -isystem/opt/x",
  '"\\/opt\\/x\\/b"',
];

test.each(TEXTS)("places around the borders of a file's pieces are those of the whole file: %s", async (text) => {
  const path = join(await scratch(), "large");
  const descriptor = openSync(path, "w");
  // One border after the other, the text a byte further before it each time; nothing but holes between them.
  for (let shift = 0; shift <= text.length + 1; shift++) writeSync(descriptor, ` ${text} `, (shift + 1) * FRAME - 512 - shift - 1);
  ftruncateSync(descriptor, (text.length + 2) * FRAME + 100_000);
  closeSync(descriptor);
  utimesSync(path, 1, 1);
  let hits: readonly FileHits[] = [];
  await pack([folder("app"), await diskFile("app/large", path)], "tar", {
    roots: ROOTS,
    times: undefined,
    tail: (found) => ((hits = found), []),
  });
  expect(hits[0]?.places ?? []).toEqual(scanContent(readFileSync(path), compileRoots(ROOTS)));
});
