import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import "../setup.js";
import { digestEntries } from "../../src/archive/digest-entries.js";
import { fileOfBytes, META, type Entry, type PlannedEntry, type PlannedFile } from "../../src/archive/entry.js";
import { decodeLine, encodeEnd, encodeEntry, encodeFrame, encodeHead } from "../../src/archive/index/index-lines.js";
import { withPool } from "../../src/engine/threads/pool.js";
import { writeArchive } from "../../src/engine/write/write.js";
import { layer } from "../../src/verbs/layer.js";
import { LAYER } from "../../src/restore/layer/records.js";
import { encodeManifest } from "../../src/manifest/encode.js";
import { readHost } from "../../src/manifest/host.js";
import { unpack, type UnpackOptions } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { file, folder, MemorySink } from "../engine/trees.js";
import { MANIFEST } from "../manifest/sample.js";
import { OLD_ROOT } from "../portable/small-environment.js";
import { ENTRIES, makeArchive } from "./archives.js";
import { scratchFolder } from "../scratch.js";

const shared = scratchFolder("onto");
const oldArchive = join(shared, "old.tar.gz");
const newArchive = join(shared, "new.tar.gz");
const delta = join(shared, "delta.tar.gz");
let place: string;
let old: string;

/** What changed: content, a mode, a kind; a file moved, one removed with its folder, one added; one that names the old place. */
const NEW_ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "new content"),
  folder("app/moved"),
  file("app/moved/noise", Buffer.alloc(6 << 20, "noise and more of it ")),
  { type: "hardlink", path: "app/twin", executable: false, target: "app/a.js" },
  folder("bin"),
  file("bin/new-shim", `#!/bin/sh\necho "${OLD_ROOT}/new"\n`, true),
  file("bin/shim", `#!/bin/sh\necho "${OLD_ROOT}/x"\n`, true),
  { type: "symlink", path: "bin/way", target: "../app/moved/noise" },
];
const OLD_ENTRIES: readonly PlannedEntry[] = [...ENTRIES, folder("gone"), file("gone/x", "x"), file("kept.txt", "kept", true)];

beforeAll(async () => {
  await makeArchive(oldArchive, { entries: OLD_ENTRIES });
  await makeArchive(newArchive, { entries: [...NEW_ENTRIES, file("kept.txt", "kept")], manifest: { version: "2.0.0" } });
  await layer({ base: oldArchive, next: newArchive, output: delta, threads: 1 });
});
beforeEach(async () => {
  place = mkdtempSync(join(shared, "place-"));
  old = join(place, "old");
  await unpack({ archive: oldArchive, target: old, threads: 1 });
});

function makeNew(options: Partial<UnpackOptions> = {}): ReturnType<typeof unpack> {
  return unpack({ archive: delta, target: join(place, "new"), onto: old, threads: 1, ...options });
}

/** Every path below a folder with what is there, but the records of fix-ups, which name the place. */
function snapshot(root: string): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    if (path === ".envpack/relocated.json") continue;
    const stats = lstatSync(join(root, path));
    const content = stats.isFile()
      ? readFileSync(join(root, path), "latin1").replaceAll(root, "ROOT")
      : stats.isSymbolicLink()
        ? readlinkSync(join(root, path))
        : "";
    seen[path] =
      `${(stats.mode & 0o7777).toString(8)} ${stats.isFile() ? stats.nlink : 0} ${createHash("sha256").update(content).digest("hex")}`;
  }
  return seen;
}

describe("a layer put onto its base", () => {
  test("makes what the whole new archive makes, to the last byte and mode", async () => {
    const whole = join(place, "whole");
    await unpack({ archive: newArchive, target: whole, threads: 1 });
    const before = snapshot(old);
    const result = await makeNew();
    expect(result).toMatchObject({ manifest: { version: "2.0.0" }, relocated: 2, reused: { files: 3, linked: 0 } });
    expect(snapshot(result.target)).toEqual(snapshot(whole));
    expect(await verify({ path: result.target, threads: 1 })).toMatchObject({ ok: true });
    expect(snapshot(old)).toEqual(before);
    expect(readdirSync(place).sort()).toEqual(["new", "old", "whole"]);
  });

  test("links what did not change when it is asked to, but for what fix-ups or modes make different", async () => {
    const result = await makeNew({ link: true });
    const inode = (path: string): number => statSync(path).ino;
    expect(result.reused).toEqual({ files: 3, linked: 1 });
    expect(inode(join(result.target, "app/moved/noise"))).toBe(inode(join(old, "app/noise")));
    expect(inode(join(result.target, "bin/shim"))).not.toBe(inode(join(old, "bin/shim")));
    expect(statSync(join(old, "kept.txt")).mode & 0o111).not.toBe(0);
    expect(statSync(join(result.target, "kept.txt")).mode & 0o111).toBe(0);
    for (const path of [old, result.target]) expect(await verify({ path, threads: 1 })).toMatchObject({ ok: true });
  });

  test("works from a stream, twice in a row, onto a base that was moved, in place of the base", async () => {
    const { createReadStream } = await import("node:fs");
    expect((await makeNew({ archive: createReadStream(delta) })).target).toBe(join(place, "new"));
    await expect(makeNew()).rejects.toMatchObject({ code: "TARGET_EXISTS" });
    await makeNew({ force: true });
    await makeNew({ target: old, force: true });
    expect(await verify({ path: old, threads: 1 })).toMatchObject({ ok: true });
    const back = join(place, "back.tar.gz");
    await layer({ base: join(place, "new"), next: oldArchive, output: back, threads: 1 });
    await unpack({ archive: back, target: join(place, "older"), onto: old, threads: 1 });
    expect(await verify({ path: join(place, "older"), threads: 1 })).toMatchObject({ ok: true });
    expect(readFileSync(join(place, "older/gone/x"), "utf8")).toBe("x");
  });

  test("a base from an archive of another format is the same base", async () => {
    const other = join(place, "old.tar");
    await makeArchive(other, { entries: OLD_ENTRIES, format: "tar" });
    await unpack({ archive: other, target: join(place, "base"), threads: 1 });
    await makeNew({ onto: join(place, "base") });
    expect(await verify({ path: join(place, "new"), threads: 1 })).toMatchObject({ ok: true });
  });

  test("folders give the same layer as archives", async () => {
    const next = join(place, "next");
    await unpack({ archive: newArchive, target: next, threads: 1 });
    const output = join(place, "again.tar.gz");
    await layer({ base: old, next, output, threads: 2 });
    expect(readFileSync(output).equals(readFileSync(delta))).toBe(true);
    writeFileSync(join(next, "bin/new-shim"), "edited");
    await expect(layer({ base: old, next, output: join(place, "no.tar.gz"), threads: 1 })).rejects.toMatchObject({
      code: "VERIFY_DIFFERS",
      path: join(next, "bin/new-shim"),
    });
    expect(readdirSync(place).sort()).toEqual(["again.tar.gz", "next", "old"]);
  });

  test("one changed file of thousands is a few kilobytes", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => file(`lib/${at}.js`, randomBytes(4096)));
    const entries = [folder("lib"), ...many];
    await makeArchive(join(place, "many.tar"), { entries, format: "tar" });
    await makeArchive(join(place, "more.tar"), { entries: entries.with(1500, file("lib/1499.js", "changed")), format: "tar" });
    const { archiveBytes, layer: record } = await layer({
      base: join(place, "many.tar"),
      next: join(place, "more.tar"),
      output: join(place, "small.tar.gz"),
      threads: 1,
    });
    expect(record).toMatchObject({ files: 1, removed: 0 });
    expect(archiveBytes).toBeLessThan(6000);
  });
});

describe("the link to the current environment", () => {
  const current = (): string => join(place, "current");

  test("is made, and switched, by one rename", async () => {
    await makeNew({ current: current() });
    expect(readlinkSync(current())).toBe("new");
    const inode = lstatSync(current()).ino;
    await unpack({ archive: newArchive, target: join(place, "deep/newer"), current: current(), threads: 1 });
    expect(readlinkSync(current())).toBe("deep/newer");
    expect(lstatSync(current()).ino).not.toBe(inode);
    expect(readdirSync(place).sort()).toEqual(["current", "deep", "new", "old"]);
  });

  test("is refused before anything is restored where something else is there", async () => {
    mkdirSync(current());
    await expect(makeNew({ current: current() })).rejects.toMatchObject({ code: "TARGET_UNSUITABLE", path: current() });
    await expect(makeNew({ current: join(place, "nowhere/current") })).rejects.toMatchObject({ code: "IO" });
    expect(readdirSync(place).sort()).toEqual(["current", "old"]);
  });

  test("stays as it was where the restore fails", async () => {
    symlinkSync("old", current());
    writeFileSync(join(old, "app/noise"), "changed");
    await expect(makeNew({ current: current() })).rejects.toMatchObject({ code: "VERIFY_DIFFERS" });
    expect(readlinkSync(current())).toBe("old");
  });
});

describe("refused, with nothing half done", () => {
  const cases: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ["a layer without its base", () => makeNew({ onto: undefined }), "LAYER_BASE"],
    [
      "another base",
      async () => makeNew({ onto: (await unpack({ archive: newArchive, target: join(shared, "other"), force: true, threads: 1 })).target }),
      "LAYER_BASE",
    ],
    ["a whole archive with a base", () => makeNew({ archive: newArchive }), "USAGE"],
    ["a base that is no environment", () => makeNew({ onto: place }), "NOT_AN_ENVIRONMENT"],
    ["a base that is not there", () => makeNew({ onto: join(place, "nowhere") }), "IO"],
    ["only some files", () => makeNew({ only: ["app"] }), "USAGE"],
    ["shared", () => makeNew({ shared: true }), "USAGE"],
    ["links without a base", () => unpack({ archive: newArchive, target: join(place, "new"), link: true }), "USAGE"],
    ["an interrupted one", () => makeNew({ signal: AbortSignal.abort() }), "INTERRUPTED"],
    ["a layer of a layer", () => layer({ base: oldArchive, next: delta, output: join(place, "x.tar.gz") }), "LAYER_BASE"],
    ["a layer onto a layer", () => layer({ base: delta, next: oldArchive, output: join(place, "x.tar.gz") }), "LAYER_BASE"],
    ["an output without an ending", () => layer({ base: oldArchive, next: newArchive, output: join(place, "x") }), "USAGE"],
  ];
  test.each(cases)("%s", async (_what, act, code) => {
    await expect(act()).rejects.toMatchObject({ code });
    expect(readdirSync(place)).toEqual(["old"]);
  });

  test.each([
    ["changed", "app/noise", (path: string) => writeFileSync(path, Buffer.alloc(6 << 20, "x"))],
    ["cut", "app/noise", (path: string) => writeFileSync(path, "x")],
    ["removed", "app/noise", (path: string) => rmSync(path)],
    [
      "a link now",
      "app/noise",
      (path: string) => {
        rmSync(path);
        symlinkSync("/etc/passwd", path);
      },
    ],
    ["relocated and then edited", "bin/shim", (path: string) => writeFileSync(path, "edited")],
    [
      "a changed record",
      ".envpack/manifest.json",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace("1.2.3", "1.2.4")),
    ],
  ])("a file of the base that is %s is named", async (_what, path, spoil) => {
    spoil(join(old, path));
    for (const link of [false, true])
      await expect(makeNew({ link })).rejects.toMatchObject({ code: "VERIFY_DIFFERS", path: join(old, path) });
    expect(readdirSync(place)).toEqual(["old"]);
  });

  test("what a base has in addition does not matter, and is not taken over", async () => {
    writeFileSync(join(old, "gone/more"), "more");
    linkSync(join(old, "app/noise"), join(place, "elsewhere"));
    await makeNew();
    expect(existsSync(join(place, "new/gone"))).toBe(false);
  });

  test.each([0o077, 0o277])("a new environment obeys umask %o, in files that are copied, linked and brought", async (mask) => {
    const before = process.umask(mask);
    try {
      const under = join(place, "under");
      await unpack({ archive: oldArchive, target: under, threads: 1 });
      for (const link of [false, true]) {
        const target = join(place, `new-${link}`);
        await makeNew({ onto: under, target, link });
        for (const path of ["app/a.js", "app/moved/noise", "bin/shim", "bin/new-shim", "kept.txt"]) {
          const executable = path.startsWith("bin/");
          expect((statSync(join(target, path)).mode & 0o777).toString(8), path).toBe(((executable ? 0o755 : 0o644) & ~mask).toString(8));
        }
        expect((statSync(join(target, "app")).mode & 0o777).toString(8)).toBe((0o755 & ~mask).toString(8));
        expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
      }
    } finally {
      process.umask(before);
    }
  });

  test("a base that may only be read", async () => {
    chmodSync(join(old, "app"), 0o555);
    await makeNew({ link: true });
    expect(await verify({ path: join(place, "new"), threads: 1 })).toMatchObject({ ok: true });
  });
});

describe("hostile layers", () => {
  /** A layer that is right in all but what its index lists: digests and totals are those of the lie. */
  async function forge(
    lines: readonly string[],
    spoil: {
      patch?: string;
      omit?: string;
      replaced?: Readonly<Record<string, string>>;
      add?: readonly PlannedEntry[];
      record?: object;
    } = {},
  ): Promise<string> {
    const base = readFileSync(join(old, META.index), "utf8")
      .split("\n")
      .map((line) => (line === "" ? null : decodeLine(Buffer.from(line))))
      .flatMap((line) => (line?.kind === "entry" ? [line.entry] : []));
    // What the fix-up records are for stays.
    const own = base.filter(({ path }) => path.startsWith(META.folder) || path === "bin" || path === "bin/shim").map(encodeEntry);
    const all = [own[0], own[1], ...lines.map((line) => `${line}\n`), ...own.slice(2)].join("").split("\n").slice(0, -1);
    const entries = all.map((line) => JSON.parse(line) as Entry & { size?: number });
    const bytes = entries.reduce((sum, { size }) => sum + (size ?? 0), 0);
    const index = [
      encodeHead({ format: "tar", arcroot: "", mtime: 0 }),
      encodeFrame({ at: 0, size: 1, tar: 1, crc32: 0 }),
      ...all.map((line) => `${line}\n`),
      encodeEnd({ entries: all.length, bytes, frames: 1 }),
    ].join("");
    const count = (name: string): string => `{"copy":[0,${readFileSync(join(old, name), "utf8").split("\n").length - 1}]}\n`;
    const patches = new Map<string, string>([
      [LAYER.manifest, count(META.manifest)],
      [LAYER.fixups, count(META.fixups)],
      [
        LAYER.index,
        spoil.patch ??
          index
            .split("\n")
            .slice(0, -1)
            .map((add) => `${JSON.stringify({ add })}\n`)
            .join(""),
      ],
    ]);
    if (spoil.omit !== undefined) patches.delete(spoil.omit);
    for (const [path, text] of Object.entries(spoil.replaced ?? {})) patches.set(path, text);
    const digest = createHash("sha256")
      .update(all.map((line) => `${line}\n`).join(""))
      .digest("hex");
    const record = {
      base: { name: "web", version: null, digest: digestEntries(base) },
      digest,
      index: createHash("sha256").update(index).digest("hex"),
      files: 0,
      removed: 0,
      ...spoil.record,
    };
    const content = [folder(LAYER.folder), ...[...patches].map(([path, text]) => file(path, text)), ...(spoil.add ?? [])];
    const totals = { entries: content.length, bytes: 1 << 20 };
    const sink = new MemorySink();
    const manifest = encodeManifest({ ...MANIFEST, platform: await readHost(), packages: [], totals, layer: record });
    const forged = [folder(META.folder), file(META.manifest, manifest), ...content];
    const tail = (): PlannedFile[] => [fileOfBytes(META.fixups, new Uint8Array())];
    await withPool(1, undefined, (pool) =>
      writeArchive({ entries: forged, arcroot: "", format: "tar", pool, mtime: 0, roots: [], tail }, sink),
    );
    const path = join(shared, "forged.tar");
    writeFileSync(path, sink.bytes);
    return path;
  }

  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const kept = (path: string): string => `{"type":"file","path":${JSON.stringify(path)},"mode":"0644","size":4,"sha256":"${sha("kept")}"}`;
  const link = (path: string, target: string): string => JSON.stringify({ type: "symlink", path, target });

  test("the forger makes a layer that is taken where nothing is wrong", async () => {
    await makeNew({ archive: await forge(['{"type":"directory","path":"d"}', kept("d/kept"), link("d/link", "kept")]) });
    expect(readFileSync(join(place, "new/d/link"), "utf8")).toBe("kept");
  });

  test.each([
    ["a path that leads out", [kept("../escaped")], {}, "ARCHIVE_UNSAFE"],
    ["an absolute path", [kept("/tmp/escaped")], {}, "ARCHIVE_UNSAFE"],
    ["a file through a link", [link("d", "bin"), kept("d/kept")], {}, "ARCHIVE_UNSAFE"],
    ["a link that leaves", [link("d", "../../etc")], {}, "ARCHIVE_UNSAFE"],
    [
      "a link that leaves through another",
      ['{"type":"directory","path":"a"}', link("a/up", ".."), link("d", "a/up/../..")],
      {},
      "ARCHIVE_UNSAFE",
    ],
    ["a path twice", [kept("k"), kept("k")], {}, "ARCHIVE_UNSAFE"],
    ["a hard link to nothing", ['{"type":"hardlink","path":"h","mode":"0644","target":"nowhere"}'], {}, "ARCHIVE_UNSAFE"],
    ["control characters", [kept("\u001b[31m")], {}, "ARCHIVE_UNSAFE"],
    ["a name of envpack's own work", [kept(".envpack-lock")], {}, "ARCHIVE_UNSAFE"],
    ["a file that nobody has", [kept("k").replace(sha("kept"), sha("other"))], {}, "ARCHIVE_CORRUPT"],
    ["another size than the base's", [kept("k").replace('"size":4', '"size":5')], {}, "VERIFY_DIFFERS"],
    ["patches in the environment", [`{"type":"directory","path":"${LAYER.folder}"}`], {}, "ARCHIVE_CORRUPT"],
    ["no patch", [], { omit: LAYER.index }, "ARCHIVE_CORRUPT"],
    ["a patch that copies beyond the end", [], { patch: '{"copy":[0,99999]}\n' }, "ARCHIVE_CORRUPT"],
    ["a patch of something else", [], { patch: '{"add":"{}"}\n' }, "ARCHIVE_CORRUPT"],
    ["another index than it names", [], { record: { index: sha("x") } }, "ARCHIVE_CORRUPT"],
    ["another environment than it names", [], { record: { digest: sha("x") } }, "ARCHIVE_CORRUPT"],
  ])("%s", async (_what, lines, spoil, code) => {
    await expect(makeNew({ archive: await forge(lines, spoil) })).rejects.toMatchObject({ code });
    expect(readdirSync(place)).toEqual(["old"]);
    expect(existsSync(join(shared, "escaped"))).toBe(false);
  });

  test("other records than the new index lists are not taken, though every patch is right", async () => {
    for (const name of [META.manifest, META.fixups]) {
      const lines = readFileSync(join(old, name), "utf8").split("\n").slice(0, -1);
      const patched = name === META.manifest ? lines.map((line) => line.replace("1.2.3", "6.6.6")) : [...lines, lines[0] ?? ""];
      expect(patched).not.toEqual(lines);
      const record = patched.map((add) => `${JSON.stringify({ add })}\n`).join("");
      const replaced = { [name === META.manifest ? LAYER.manifest : LAYER.fixups]: record };
      await expect(makeNew({ archive: await forge([], { replaced }) })).rejects.toMatchObject({
        code: "ARCHIVE_CORRUPT",
        message: expect.stringContaining("does not make the environment"),
      });
    }
    expect(readdirSync(place)).toEqual(["old"]);
  });

  test("a file that comes with the layer under another mode or content than its index lists is not taken", async () => {
    const listed = `{"type":"file","path":"k","mode":"0644","size":4,"sha256":"${sha("good")}"}`;
    for (const sent of [file("k", "evil"), file("k", "good", true)]) {
      await expect(makeNew({ archive: await forge([listed], { add: [sent] }) })).rejects.toMatchObject({
        code: "ARCHIVE_CORRUPT",
        path: "k",
      });
    }
    await makeNew({ archive: await forge([listed], { add: [file("k", "good"), file("unlisted", "x")] }) });
    expect(existsSync(join(place, "new/unlisted"))).toBe(false);
  });
});
