import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { EnvpackError } from "../../src/support/errors.js";
import { makeOverlay } from "../../src/verbs/run/overlay.js";
import { extractPackage } from "../../src/archive/package-tarball.js";
import { longEntry, rawEntry } from "../hostile/raw-tar.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder("overlay");

const END = Buffer.alloc(1024);
const MANIFEST = rawEntry({ name: "package/package.json" }, '{ "name": "sent" }');

let count = 0;

function tarball(bytes: Buffer): string {
  const file = join(scratch, `${count++}.tgz`);
  writeFileSync(file, bytes);
  return file;
}

function target(): string {
  const folder = join(scratch, `target-${count++}`, "package");
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: unknown) => (error as EnvpackError).code,
  );
}

describe("extractPackage", () => {
  it("writes what npm packs, without the folder around it, with the x bit alone of the modes", async () => {
    const long = `package/${"long/".repeat(30)}file.js`;
    const folder = target();
    const parts = [
      MANIFEST,
      rawEntry({ name: "package/run.js", mode: "006777 \0" }, "1"),
      rawEntry({ name: "package/empty" }),
      rawEntry({ name: "package/lib", type: "5" }),
      longEntry(long, "deep"),
      END,
    ];
    await extractPackage(tarball(gzipSync(Buffer.concat(parts))), folder);
    expect(readdirSync(folder).sort()).toEqual(["empty", "long", "package.json", "run.js"]);
    expect(statSync(join(folder, "run.js")).mode & 0o7777 & ~process.umask()).toBe(0o755 & ~process.umask());
    expect(readFileSync(join(folder, long.slice("package/".length)), "utf8")).toBe("deep");
  });

  it.each([
    ["a path that leads out", rawEntry({ name: "package/../../out" }, "x"), "ARCHIVE_UNSAFE"],
    ["an absolute path", rawEntry({ name: "/tmp/out" }, "x"), "ARCHIVE_UNSAFE"],
    ["a long path that leads out", longEntry("package/../../out", "x"), "ARCHIVE_UNSAFE"],
    ["a file beside the folder", rawEntry({ name: "out" }, "x"), "ARCHIVE_UNSAFE"],
    ["a link", rawEntry({ name: "package/link", type: "2", link: "../.." }), "ARCHIVE_UNSAFE"],
    ["a hard link", rawEntry({ name: "package/link", type: "1", link: "package/package.json" }), "ARCHIVE_UNSAFE"],
    ["a device", rawEntry({ name: "package/device", type: "3" }), "ARCHIVE_UNSAFE"],
    ["a path twice", MANIFEST, "ARCHIVE_UNSAFE"],
    ["a file as a folder", rawEntry({ name: "package/package.json/x" }, "x"), "ARCHIVE_UNSAFE"],
    ["an escape sequence in a name", rawEntry({ name: "package/\x1b[31m" }, "x"), "ARCHIVE_UNSAFE"],
    ["a wrong checksum", rawEntry({ name: "package/x", checksumOff: 1 }, "x"), "ARCHIVE_CORRUPT"],
  ])("refuses %s", async (_what, entry, code) => {
    const folder = target();
    expect(await codeOf(extractPackage(tarball(gzipSync(Buffer.concat([MANIFEST, entry, END]))), folder))).toBe(code);
    expect(readdirSync(join(folder, ".."))).toEqual(["package"]);
    expect(existsSync("/tmp/out")).toBe(false);
  });

  it("refuses what is cut, damaged, no gzip, or a bomb", async () => {
    const whole = gzipSync(Buffer.concat([MANIFEST, rawEntry({ name: "package/x" }, Buffer.alloc(5000, "abc")), END]));
    const flipped = Buffer.from(whole);
    flipped[20] = (flipped[20] ?? 0) ^ 255;
    const bomb = gzipSync(Buffer.concat([MANIFEST, rawEntry({ name: "package/x", size: 300 << 20 }), Buffer.alloc(300 << 20)]), {
      level: 1,
    });
    expect(await codeOf(extractPackage(tarball(whole.subarray(0, whole.length - 20)), target()))).toBe("ARCHIVE_CORRUPT");
    expect(
      await codeOf(
        extractPackage(tarball(gzipSync(Buffer.concat([MANIFEST, rawEntry({ name: "package/x", size: 4000 }, "short")]))), target()),
      ),
    ).toBe("ARCHIVE_CORRUPT");
    expect(await codeOf(extractPackage(tarball(flipped), target()))).toBe("ARCHIVE_CORRUPT");
    expect(await codeOf(extractPackage(tarball(Buffer.from("<html>not found</html>")), target()))).toBe("ARCHIVE_CORRUPT");
    expect(await codeOf(extractPackage(tarball(bomb), target()))).toBe("ARCHIVE_LIMIT");
  });

  it("60: refuses a package that is compressed twice before it decompresses what only tar's parser would see", async () => {
    // An honest package, only compressed twice: tar's parser would inflate it by itself, whatever it holds.
    const honest = Buffer.concat([rawEntry({ name: "package/x", size: 0 }), Buffer.alloc(1024)]);
    expect(await codeOf(extractPackage(tarball(gzipSync(honest)), target()))).toBe("no error");
    expect(await codeOf(extractPackage(tarball(gzipSync(gzipSync(honest))), target()))).toBe("ARCHIVE_CORRUPT");
    expect(await codeOf(extractPackage(tarball(gzipSync(Buffer.from("28b52ffd04004100", "hex"))), target()))).toBe("ARCHIVE_CORRUPT");
  });
});

describe("makeOverlay", () => {
  it("refuses names that would leave node_modules", async () => {
    for (const name of ["../out", "/out", "a/b", "@x/../../out", ".bin", "", "a\0b", 7]) {
      const folder = target();
      const added = join(scratch, `named-${count++}`);
      mkdirSync(added);
      writeFileSync(join(added, "package.json"), JSON.stringify({ name }));
      expect([name, await codeOf(makeOverlay([added], folder))]).toEqual([name, "USAGE"]);
      expect(readdirSync(join(folder, "node_modules"))).toEqual([]);
    }
  });

  it("takes a link by the link's name", async () => {
    const folder = target();
    writeFileSync(join(scratch, "v7.mjs"), "");
    symlinkSync("v7.mjs", join(scratch, "current.mjs"));
    await makeOverlay([join(scratch, "current.mjs")], folder);
    expect(readdirSync(join(folder, "node_modules")).sort()).toEqual(["current", "current.mjs"]);
  });
});
