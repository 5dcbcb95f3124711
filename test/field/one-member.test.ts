import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, crc32, gunzipSync, inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import "../setup.js";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { combineCrc32 } from "../../src/archive/codec/crc32-combine.js";
import { openArchiveFile } from "../../src/engine/read/open-archive-file.js";
import { file, folder, GENEROUS, pack, scratch } from "../engine/trees.js";
import { noise } from "../engine/noise.js";
import { has } from "../real/commands.js";

const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/large", Buffer.concat([noise(9_000_000), Buffer.alloc(1 << 20)])),
  ...Array.from({ length: 800 }, (_, index) => file(`app/f${index}`, noise(9000, index + 2).toString("hex"))),
];

async function write(): Promise<{ readonly path: string; readonly base: string; readonly tar: Buffer }> {
  const base = await scratch();
  const { archive } = await pack(ENTRIES, "tar.gz");
  const path = join(base, "archive.tar.gz");
  writeFileSync(path, archive);
  return { path, base, tar: gunzipSync(archive) };
}

test("W13: a reader that stops after the first gzip member has all of the tar", async ({ skip }) => {
  const { path, base, tar } = await write();
  const names = execFileSync("tar", ["-tf", path], { encoding: "utf8" }).trim().split("\n");
  expect(names).toHaveLength(ENTRIES.length + 3);
  if (!has("python3")) return skip("python3 is not installed");
  const script =
    "import sys,zlib\nd=zlib.decompressobj(31)\nsys.stdout.buffer.write(d.decompress(open(sys.argv[1],'rb').read()))\nassert d.eof and d.unused_data[:2]==b'\\x1f\\x8b'\nassert len(d.unused_data)<300";
  const first = execFileSync("python3", ["-c", script, path], { maxBuffer: 1 << 28 });
  expect(first.equals(tar)).toBe(true);
  if (!has("java")) return skip("java is not installed");
  writeFileSync(join(base, "First.java"), JAVA);
  expect(execFileSync("java", [join(base, "First.java"), path], { encoding: "utf8" })).toBe(`${tar.length} ${crc32(tar)}\n`);
});

/** Inflates raw what stands behind the first member's header, as readers do that know of one member alone, and reads its trailer. */
const JAVA = `
import java.nio.*; import java.nio.file.*; import java.util.zip.*;
class First {
  public static void main(String[] args) throws Exception {
    byte[] all = Files.readAllBytes(Path.of(args[0]));
    int extra = (all[10] & 255) | (all[11] & 255) << 8;
    Inflater inflater = new Inflater(true);
    inflater.setInput(all, 12 + extra, all.length - 12 - extra);
    CRC32 crc = new CRC32(); byte[] buffer = new byte[1 << 16]; long bytes = 0;
    while (!inflater.finished()) { int n = inflater.inflate(buffer); crc.update(buffer, 0, n); bytes += n; }
    ByteBuffer trailer = ByteBuffer.wrap(all, all.length - inflater.getRemaining(), 8).order(ByteOrder.LITTLE_ENDIAN);
    if ((trailer.getInt() & 0xffffffffL) != crc.getValue() || trailer.getInt() != (int) bytes) throw new Exception("a wrong trailer");
    System.out.println(bytes + " " + crc.getValue());
  }
}
`;

test.each([
  ["gzip", "-t"],
  ["pigz", "-t"],
  ["bsdtar", "-tf"],
  ["busybox", "gzip", "-t"],
])("W13: %s %s is content with it", async (program, ...args) => {
  if (!has(program)) return;
  const { path } = await write();
  expect(spawnSync(program, [...args.filter((arg) => arg !== ""), path], { encoding: "utf8", maxBuffer: 1 << 24 })).toMatchObject({
    status: 0,
    stderr: "",
  });
});

test("W13: each piece of the member can be inflated alone, by what the index says of it", async () => {
  const { path, tar } = await write();
  const opened = await openArchiveFile(path, { limits: GENEROUS });
  let at = 0;
  for (const frame of opened.index.frames) {
    const bytes = await opened.readFrame(frame);
    const body = frame.at === 0 ? bytes.subarray(16) : bytes;
    const plain = inflateRawSync(body, { finishFlush: constants.Z_SYNC_FLUSH });
    expect(plain.equals(tar.subarray(at, at + plain.length))).toBe(true);
    at += plain.length;
  }
  expect(opened.index.frames.length).toBeGreaterThan(4);
  await opened.close();
});

test("W13: checksums of pieces combine to that of the whole", () => {
  const bytes = noise(100_000);
  for (const cut of [0, 1, 7, 65_536, 99_999, 100_000]) {
    const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(bytes));
  }
  // Zeros of many gigabytes: the length alone counts.
  const zeros = (length: number): number => {
    if (length <= 1 << 20) return crc32(Buffer.alloc(length));
    const half = zeros(length / 2);
    return combineCrc32(half, half, length / 2);
  };
  expect(combineCrc32(zeros(2 ** 35), zeros(2 ** 34), 2 ** 34)).toBe(combineCrc32(zeros(2 ** 34), zeros(2 ** 35), 2 ** 35));
});
