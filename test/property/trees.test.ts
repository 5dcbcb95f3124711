import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { runMain } from "../cli/in-process.js";
import { readTree } from "../engine/trees.js";
import { writeProject } from "../faults/project.js";
import { makeScratch } from "../real/commands.js";
import { mutateAt, smallArchive } from "./small-archive.js";

const scratch = makeScratch();
const ALL = process.env["ENVPACK_TEST_ALL"] !== undefined;

/** A part of a path: no control characters, no names that mean something to a package manager or hold secrets by habit. */
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .map((text) => `x${text.replace(/[\p{Cc}\p{Cs}/\\\ufffd]/gu, "_")}`)
  .filter((text) => Buffer.byteLength(text) <= 255 && !/\.(pem|key|p12|pfx|log)|~$/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
const node = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("file" as const),
      path,
      content: fc.uint8Array({ maxLength: 3000 }),
      executable: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("folder" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("symlink" as const), path, to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hardlink" as const), path, to: fc.nat() }) },
);
type Node = typeof node extends fc.Arbitrary<infer T> ? T : never;

/** Makes on the disk what of the nodes can be made. */
function lay(root: string, nodes: readonly Node[]): void {
  const files: string[] = [];
  for (const one of nodes) {
    const place = join(root, one.path);
    try {
      mkdirSync(dirname(place), { recursive: true });
      const other = "to" in one ? files[one.to % Math.max(1, files.length)] : undefined;
      if (one.kind === "folder") mkdirSync(place, { recursive: true });
      else if (one.kind === "file") writeFileSync(place, one.content, { flag: "wx" });
      else if (one.kind === "symlink" && other !== undefined) symlinkSync(relative(dirname(place), other), place);
      else if (one.kind === "hardlink" && other !== undefined) linkSync(other, place);
      if (one.kind !== "file") continue;
      chmodSync(place, one.executable ? 0o755 : 0o644);
      files.push(place);
    } catch (error) {
      // Two of one name, or a file where a folder is needed.
      if (!["EEXIST", "ENOTDIR", "EISDIR", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

test("any tree that can be made on a disk packs and unpacks to itself", async () => {
  let at = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(node, { maxLength: 25 }), fc.constantFrom("tar.zst", "tar.gz", "tar"), async (nodes, format) => {
      const folder = join(scratch, String(at++));
      const project = writeProject(join(folder, "p"));
      lay(join(project, "tree"), nodes);
      mkdirSync(join(project, "tree"), { recursive: true });
      const archive = join(folder, `a.${format}`);
      const packed = await runMain("pack", project, "--node", "none", "-q", "-j", "1", "-o", archive);
      expect(packed.stderr).toBe("");
      const { target } = await unpack({ archive, target: join(folder, "t"), threads: 1 });
      expect(readTree(join(target, "app/tree"))).toEqual(readTree(join(project, "tree")));
      expect((await verify({ path: target, threads: 1 })).differences).toEqual([]);
      rmSync(folder, { recursive: true });
    }),
    { numRuns: ALL ? 200 : 20 },
  );
}, 600_000);

let archives: ReadonlyMap<string, Buffer>;

beforeAll(async () => {
  archives = new Map(
    await Promise.all(["tar.zst", "tar.gz"].map(async (format) => [format, await smallArchive(format as "tar.gz")] as const)),
  );
});

test("a byte changed anywhere in an archive is refused, and so is one cut off anywhere", async () => {
  const file = join(scratch, "changed");
  for (const bytes of archives.values()) {
    writeFileSync(file, bytes);
    expect(await verify({ path: file, threads: 1 })).toMatchObject({ ok: true });
  }
  const change = fc.tuple(
    fc.constantFrom(...archives.keys()),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
    fc.constantFrom("change", "cut"),
  );
  await fc.assert(
    fc.asyncProperty(change, async ([format, place, by, what]) => {
      const whole = archives.get(format) ?? Buffer.alloc(0);
      writeFileSync(file, what === "cut" ? whole.subarray(0, place % whole.length) : mutateAt(whole, place, by));
      const outcome = await verify({ path: file, threads: 1 }).then(
        () => "accepted",
        ({ code }: { code?: string }) => code ?? "no code",
      );
      expect(outcome).toMatch(/^(NOT_AN_ARCHIVE|ARCHIVE_[A-Z_]+|DIGEST_MISMATCH|SIGNATURE_INVALID)$/);
    }),
    { numRuns: 200 },
  );
}, 600_000);

test("every single byte, one after another, of a file and of a stream", async ({ skip }) => {
  if (!ALL) skip("it takes minutes: make test-all runs it");
  const file = join(scratch, "every");
  for (const [format, bytes] of archives) {
    for (let place = 0; place < bytes.length; place++) {
      const changed = mutateAt(bytes, place, 1 << (place % 8));
      writeFileSync(file, changed);
      for (const path of [file, Readable.from([changed])]) {
        await expect(verify({ path, threads: 1 }), `${format}, byte ${place}`).rejects.toMatchObject({ name: "EnvpackError" });
      }
    }
  }
}, 3_600_000);
