import { expect, test, vi } from "vitest";
import { gzip } from "../../src/archive/codec/gzip.js";
import type { PlannedEntry } from "../../src/archive/entry.js";
import type { PackJob } from "../../src/engine/write/pack-frame.js";
import { toColumns } from "../../src/engine/write/packed-entries.js";
import { FrameKeys } from "../../src/engine/reuse/frame-key.js";

const version = vi.hoisted(() => ({ now: "1.0.0" }));
vi.mock("../../src/support/version.js", () => ({
  get VERSION() {
    return version.now;
  },
}));

const JOB: PackJob = {
  kind: "pack",
  codec: "gzip",
  level: 5,
  shape: { arcroot: "", mtime: 1 },
  roots: [{ path: "/opt/x", arcpath: "app" }],
  forReuse: true,
};

function source(size: number): Extract<PlannedEntry, { readonly type: "file" }>["source"] {
  return { kind: "disk", file: "/opt/x/a.js", identity: { dev: 1, ino: 2, size, mtimeMs: 3, ctimeMs: 4 } };
}

const LINK: PlannedEntry = { type: "hardlink", path: "app/b.js", executable: false, target: "app/a.js" };
const fileOf = (size: number): PlannedEntry => ({ type: "file", path: "app/a.js", executable: false, size, source: source(size) });

function keyOf(job: PackJob, size = 5, linked?: number): string | undefined {
  return (
    new FrameKeys(job, gzip).of({
      kind: "entries",
      columns: toColumns([fileOf(5), LINK]),
      linked: linked === undefined ? undefined : toColumns([fileOf(linked)]),
    })?.key ?? String(size)
  );
}

test.each<[string, Partial<PackJob>]>([
  ["roots that are looked for", { roots: [{ path: "/opt/y", arcpath: "app" }] }],
  ["roots more", { roots: [...JOB.roots, { path: "/srv/store", arcpath: "" }] }],
  ["place of a root", { roots: [{ path: "/opt/x", arcpath: "" }] }],
  ["level", { level: 6 }],
  ["times", { shape: { arcroot: "", mtime: 1, times: "content" } }],
])("a frame is another one with other %s", (_, change) => {
  expect(keyOf({ ...JOB, ...change })).not.toBe(keyOf(JOB));
  expect(keyOf({ ...JOB })).toBe(keyOf(JOB));
});

test("a frame of a hard link is another one where its file has changed, in whatever frame that stands", () => {
  expect(keyOf(JOB, 5, 6)).not.toBe(keyOf(JOB, 5, 7));
});

test("a frame is another one with another version of envpack", () => {
  const before = keyOf(JOB);
  version.now = "1.0.1";
  expect(keyOf(JOB)).not.toBe(before);
  version.now = "1.0.0";
  expect(keyOf(JOB)).toBe(before);
});
