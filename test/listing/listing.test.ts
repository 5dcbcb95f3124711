import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Pool, withPool } from "../../src/engine/threads/pool.js";
import { ListedFile } from "../../src/listing/listed-folder.js";
import { Lister } from "../../src/listing/lister.js";
import { listTree, type Listing } from "../../src/listing/listing.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder("listing");
/** A name that is no UTF-8. */
const GARBLED = Buffer.concat([Buffer.from(`${root}/odd/`), Buffer.from([0x66, 0xff])]);

beforeAll(() => {
  for (const folder of ["odd", "empty", "ü/ñ", ...Array.from({ length: 700 }, (_, index) => `node_modules/p${index}/lib`)]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(GARBLED, "");
  writeFileSync(join(root, "odd/two\nlines"), "12345");
  linkSync(join(root, "odd/two\nlines"), join(root, "odd/same"));
  symlinkSync("nowhere", join(root, "ü/ñ/link"));
  for (let index = 0; index < 700; index++) writeFileSync(join(root, `node_modules/p${index}/lib/index.js`), "x".repeat(index));
});

/** What a listing says, a line a name, by path. */
function linesOf(listing: Listing): string[] {
  const lines: string[] = [];
  for (const [folder, listed] of listing) {
    lines.push(`${folder}/`);
    for (const [index, name] of listed.names.entries()) {
      const shared = listed.sharedInode(index) === null ? "" : " shared";
      lines.push(`${folder}/${name} ${listed.kind(index)} ${listed.mode(index)} ${listed.size(index)}${shared}`);
    }
  }
  return lines.sort();
}

/** The same, of the disk. */
function linesOfDisk(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name.includes("\ufffd")) return [`${folder}/${name} special 0 0`];
    const stats = lstatSync(join(root, path));
    const kind = stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "symlink";
    const line = `${folder}/${name} ${kind} ${stats.mode} ${stats.size}${stats.nlink > 1 ? " shared" : ""}`;
    return kind === "folder" ? [line, `${path}/`, ...linesOfDisk(path)] : [line];
  });
}

function expected(): string[] {
  return ["/", ...linesOfDisk("")].sort();
}

describe("a listing", () => {
  test("holds every folder of a tree, and what lstat says of all in them", () => {
    expect(linesOf(listTree(root))).toEqual(expected());
  });

  test.each([1, 3])("is the same where %i threads make it", async (threads) => {
    const listing = await withPool(threads, undefined, async (pool) => {
      pool.assign({ kind: "list" });
      const lister = new Lister((task) => pool.runEverywhere(task));
      lister.start(root);
      expect(await lister.listing("/elsewhere")).toBeNull();
      return lister.listing(root);
    });
    expect(listing === null ? null : linesOf(listing)).toEqual(expected());
  });

  test("begins with the folder that holds most", () => {
    const many = scratchFolder("many");
    for (let index = 0; index < 600; index++) mkdirSync(join(many, `node_modules/p${index}`), { recursive: true });
    for (let index = 0; index < 300; index++) writeFileSync(join(many, "node_modules/p599", `${"n".repeat(100)}${index}`), "");
    const begun: string[] = [];
    new Lister(({ folders }) => {
      begun.push(...folders);
      return [];
    }).start(many);
    expect(begun[0]).toBe("node_modules/p599");
    expect(begun).toHaveLength(600);
  });

  test("lacks a folder that is not there, and is empty where the root is not", async () => {
    const listing = listTree(root);
    expect(listing.folder("gone")).toBeNull();
    expect([...listTree(join(root, "gone"))]).toEqual([]);
  });

  test("fails with INTERRUPTED where the threads are", async () => {
    const control = new AbortController();
    const pool = new Pool(2, control.signal);
    pool.assign({ kind: "list" });
    const lister = new Lister((task) => pool.runEverywhere(task));
    lister.start(root);
    control.abort();
    await expect(lister.listing(root)).rejects.toMatchObject({ code: "INTERRUPTED" });
    await pool.close();
  });

  test("fails where the threads ended before it began", async () => {
    const control = new AbortController();
    const pool = new Pool(2, control.signal);
    control.abort();
    await pool.close();
    const lister = new Lister((task) => pool.runEverywhere(task));
    lister.start(root);
    await expect(lister.listing(root)).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("a folder in which something cannot be asked about", () => {
  // Below a path that is nearly too long, a long name is found and then leads to nothing.
  const top = scratchFolder("listing");
  const deep = join(top, ...Array.from({ length: 19 }, () => "d".repeat(200)));
  const long = "n".repeat(250);

  beforeAll(() => {
    mkdirSync(join(deep, "below"), { recursive: true });
    writeFileSync(join(deep, "below/file"), "");
    writeFileSync(join(deep, "addon.node"), "");
    execFileSync("touch", [long], { cwd: deep });
  });

  afterAll(() => {
    execFileSync("rm", ["-r", top]);
  });

  test("is left to who needs it, and what else it holds is known", () => {
    const listing = listTree(deep);
    expect(readdirSync(deep)).toContain(long);
    expect(listing.folder("")).toBeNull();
    expect(new Map(listing).get("")?.names.toSorted()).toEqual(["addon.node", "below"]);
    expect(listing.folder("below")?.names).toEqual(["file"]);
  });
});

describe("a listed file", () => {
  test("tells where it lies and what identifies it", () => {
    const folder = listTree(root).folder("odd");
    const index = folder?.names.indexOf("same") ?? -1;
    const file = folder?.file(index, { root, arcpath: "app" }, "app/odd/same");
    const { dev, ino, size, mtimeMs, ctimeMs } = lstatSync(join(root, "odd/same"));
    expect(file).toBeInstanceOf(ListedFile);
    const source = { kind: "disk", file: join(root, "odd/same"), identity: { dev, ino, size, mtimeMs, ctimeMs } };
    expect(file).toMatchObject({ type: "file", path: "app/odd/same", executable: false, size, source });
  });

  test("knows its place under its own arcpath only", () => {
    const folder = listTree(root).folder("odd");
    const place = { root, arcpath: "" };
    const file = folder?.file(0, place, "odd/same");
    expect([file?.file, file?.placeOf("odd/same"), file?.placeOf("bin/same")]).toEqual([`${root}/odd/same`, place, null]);
  });
});
