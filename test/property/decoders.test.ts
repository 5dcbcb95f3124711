import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { gzip } from "../../src/archive/codec/gzip.js";
import { loadCodec } from "../../src/archive/codec/load.js";
import { decodeFooter, encodeFooter, FOOTER_BYTES } from "../../src/archive/footer.js";
import { paddedSize, type TarHeader } from "../../src/archive/tar/header-fields.js";
import { decodeHeader, encodeHeader } from "../../src/archive/tar/header.js";
import { zip } from "../../src/archive/zip/codec.js";
import { descriptorBytes } from "../../src/archive/zip/headers.js";
import { decodeIndex } from "../../src/archive/index/index-file.js";
import { encodeEnd, encodeEntry, encodeFrame, encodeHead } from "../../src/archive/index/index-lines.js";
import { parseSigningKey, parseVerifyKeys } from "../../src/archive/signing/key-file.js";
import { decodeDetached, encodeDetached } from "../../src/archive/signing/signature.js";
import { EnvpackError } from "../../src/support/errors.js";
import { decodeManifest } from "../../src/manifest/decode.js";
import { decodeFixups } from "../../src/manifest/fixup-file.js";
import { MANIFEST } from "../manifest/sample.js";

/* Decoders of what comes from outside, given damaged input: they refuse it by an EnvpackError, or it is what they would write. */

/** Seconds that all of it takes; a minute in `make test-all`. */
const SECONDS = Number(process.env["ENVPACK_FUZZ_SECONDS"] ?? (process.env["ENVPACK_TEST_ALL"] === undefined ? 4 : 60));

interface Decoder {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  /** Decodes; where there is one encoding only, encodes what was read again. */
  readonly decode: (bytes: Buffer) => Uint8Array | null;
  /** Puts a checksum right again, so that what it covers is looked at too. */
  readonly mend?: (bytes: Buffer) => void;
}

const header = { type: "0", name: "app/file.js", executable: true, size: 1234, linkname: "", mtime: 499162500 } as const;
const HEADERS = [
  header,
  { ...header, name: `app/${"ü".repeat(90)}` },
  { ...header, type: "2", size: 0, executable: false, linkname: "../x".repeat(60) },
  { ...header, size: 2 ** 34 },
] as const;
const sha256 = createHash("sha256").digest("hex");
const FOOTER = { indexAt: 1000, indexSize: 200, indexTar: 4096, indexBytes: 900, indexSha256: sha256, indexCrc32: 7 };
const INDEX = [
  encodeHead({ format: "tar.zst", arcroot: "root", mtime: 1 }),
  encodeFrame({ at: 0, size: 100, tar: 2048, crc32: 5 }),
  encodeEntry({ type: "directory", path: "app" }),
  encodeEntry({ type: "file", path: 'app/a "quoted".js', executable: false, size: 3, sha256 }),
  encodeEntry({ type: "symlink", path: "app/l", target: "a" }),
  encodeEntry({ type: "hardlink", path: "app/h", executable: false, target: 'app/a "quoted".js' }),
  encodeEnd({ entries: 4, bytes: 3, frames: 1 }),
];
const SIGNATURE = { publicKey: Buffer.alloc(32, 1), value: Buffer.alloc(64, 2) };
const zstd = await loadCodec("zstd");
const CONTENT = Buffer.from("some content ".repeat(50));

const DECODERS: readonly Decoder[] = [
  {
    name: "header",
    seeds: HEADERS.map((one) => encodeHeader(one)),
    decode: (bytes) => {
      const decoded = decodeHeader(bytes, 0);
      return decoded === null ? null : Buffer.concat([encodeHeader(decoded.header), bytes.subarray(decoded.length)]);
    },
  },
  {
    name: "footer",
    seeds: [encodeFooter(FOOTER, null)],
    decode: (bytes) => {
      const footer = decodeFooter(bytes);
      return encodeFooter(footer, footer.signature);
    },
    mend: (bytes) => {
      if (bytes.length === FOOTER_BYTES) bytes.writeUInt32LE(crc32(bytes.subarray(0, FOOTER_BYTES - 4)), FOOTER_BYTES - 4);
    },
  },
  {
    name: "index",
    seeds: [Buffer.from(INDEX.join(""))],
    decode: (bytes) => {
      const { frames, entries, totals, ...head } = decodeIndex(bytes);
      const lines = frames.map(
        (frame) =>
          encodeFrame(frame) +
          entries
            .slice(frame.first, frame.first + frame.count)
            .map(encodeEntry)
            .join(""),
      );
      return Buffer.from(encodeHead(head) + lines.join("") + encodeEnd(totals));
    },
  },
  {
    name: "manifest",
    seeds: [Buffer.from(JSON.stringify(MANIFEST))],
    decode: (bytes) => {
      decodeManifest(bytes);
      return null;
    },
  },
  {
    name: "fix-ups",
    seeds: [Buffer.from('{"path":"app/a.js","kind":"text","places":[[0,6,"plain","app"],[9,6,"url",""]]}\n')],
    decode: (bytes) => {
      decodeFixups(bytes);
      return null;
    },
  },
  {
    name: "detached signature",
    seeds: [Buffer.from(encodeDetached(SIGNATURE))],
    decode: (bytes) => {
      decodeDetached(bytes.toString("latin1"));
      return null;
    },
  },
  {
    name: "keys",
    seeds: [
      "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACA=\n-----END OPENSSH PRIVATE KEY-----\n",
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB me\n",
    ].map((text) => Buffer.from(text)),
    decode: (bytes) => {
      const text = bytes.toString("latin1");
      if (text.includes("PRIVATE")) parseSigningKey(text);
      else parseVerifyKeys(text);
      return null;
    },
  },
  ...[gzip, zstd].map((codec): Decoder => ({
    name: `${codec.name} frame`,
    seeds: [Buffer.from(codec.encode(Buffer.from("content ".repeat(50)), undefined, true))],
    decode: (bytes) => {
      codec.stream?.measure?.(bytes);
      codec.decode(bytes);
      return null;
    },
  })),
  {
    name: "zip frame",
    seeds: [
      zip.encode(
        Buffer.concat([...HEADERS.slice(0, 3).map((one) => file({ ...one, size: 600 })), file({ ...header, size: 0 })]),
        undefined,
        false,
      ),
      // A file that goes on in other frames, a piece of it and the last one, with its descriptor.
      zip.encode(file({ ...header, size: 600 }).subarray(0, 1000), undefined, false),
      zip.encode(CONTENT, undefined, true),
      Buffer.concat([zip.encode(CONTENT, undefined, true, 0), Buffer.alloc(descriptorBytes(0))]),
    ].map((bytes) => Buffer.from(bytes)),
    decode: (bytes) => {
      zip.salvage(bytes);
      zip.decode(bytes);
      return null;
    },
  },
];

/** Its tar bytes. */
function file(one: TarHeader): Buffer {
  const body = one.type === "0" ? CONTENT.subarray(0, one.size) : Buffer.alloc(0);
  return Buffer.concat([encodeHeader({ ...one, size: body.length }), body, Buffer.alloc(paddedSize(body.length) - body.length)]);
}

/** Numbers from 0 to 2^32 - 1, the same ones for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

const WORDS = [
  "../",
  "/",
  "\0",
  "\n",
  '"',
  "{",
  "__proto__",
  "-1",
  "9007199254740993",
  "1e9",
  "\ud800",
  "null",
  "[]",
  "ÿ",
  "\u001b[31m",
  "99999999999999999999",
];

/** Changes bytes in one to four places. */
function mutate(seed: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(seed);
  for (let turn = random() % 4; turn >= 0; turn--) {
    const at = random() % (bytes.length + 1);
    const rest = bytes.subarray(at + (random() % 9));
    const inserted =
      [
        Buffer.from([random() & 255]),
        Buffer.from(WORDS[random() % WORDS.length] ?? ""),
        bytes.subarray(random() % (at + 1), at),
        Buffer.alloc(0),
      ][random() % 4] ?? Buffer.alloc(0);
    if (random() % 3 === 0 && at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << (random() % 8));
    else bytes = random() % 12 === 0 ? bytes.subarray(0, at) : Buffer.concat([bytes.subarray(0, at), inserted, rest]);
  }
  return bytes;
}

test.each(DECODERS)(
  "the decoder of a $name refuses damage by name, and never throws anything else",
  ({ name, seeds, decode, mend }) => {
    const seed = Date.now() >>> 0;
    const random = randomOf(seed);
    for (const original of seeds)
      if (name !== "keys" && name !== "detached signature") expect(decode(original) ?? original).toEqual(original);
    let tried = 0;
    const end = Date.now() + (1000 * SECONDS) / DECODERS.length;
    while (Date.now() < end || tried < 1000) {
      const bytes = mutate(seeds[tried % seeds.length] ?? Buffer.alloc(0), random);
      tried++;
      if (random() % 2 === 0) mend?.(bytes);
      try {
        const again = decode(bytes);
        if (again !== null && !bytes.equals(again)) throw new Error("it was taken, and is not what would be written");
      } catch (error) {
        if (error instanceof EnvpackError && !/[\n\r\u001b]/.test(error.message)) continue;
        throw new Error(`${name}, seed ${seed}, try ${tried}: ${bytes.toString("base64")}`, { cause: error });
      }
    }
  },
  120_000 + 1000 * SECONDS,
);
