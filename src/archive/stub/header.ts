import { EnvpackError } from "../../support/errors.js";
import { damaged } from "../codec/codec.js";

/*
 * A self-extracting file is a script for sh, and behind it a .tar.gz as it is written elsewhere. The script begins with
 * these lines, which have the same length in every file; a value that is shorter has spaces behind it, which sh
 * does not see:
 *   #!/bin/sh
 *   # envpack self-extractor 2: …
 *   start=     16 bytes: where the archive begins, as `tail -c +N` counts: 1 is the first byte
 *   size=      16 bytes: its length
 *   sha256=    64 bytes: its SHA-256 in hex
 *   platform=  34 bytes: what it is for, as 'linux-x64'
 *   name=     130 bytes: what it is called, as 'shop-1.4.0'
 * Behind them stands the same script in all of them.
 */

/** What the lines say. */
export interface StubFields {
  /** Of the script. */
  readonly version: number;
  /** Bytes before the archive. */
  readonly base: number;
  /** Bytes of the archive. */
  readonly size: number;
  /** Of the archive, 64 lower-case hex digits. */
  readonly sha256: string;
  readonly platform: string;
  readonly name: string;
}

/** Raised with every change of the script, whose digest then joins those that stub.ts knows. */
export const STUB_VERSION = 2;

const FIRST = "#!/bin/sh\n# envpack self-extractor ";
const ABOUT = ": a script, and behind it a .tar.gz, which an editor or a transfer as text would spoil\n";
const WIDTHS = { start: 16, size: 16, sha256: 64, platform: 34, name: 130 } as const;
/** Between the quotes. */
const PLATFORM_MAX = WIDTHS.platform - 2;
const NAME_MAX = WIDTHS.name - 2;

/** Bytes of a file's start that tell what stands in front of an archive. */
export const STUB_START = FIRST.length;

/** Whether a file begins as a self-extracting one does. */
export function beginsStub(start: Buffer): boolean {
  return start.toString("latin1", 0, STUB_START) === FIRST;
}

/** A text as one of the script's values, in which nothing means anything to a shell. */
function plainValue(text: string, most: number): string {
  return text
    .replace(/[^A-Za-z0-9._+-]/g, "_")
    .replace(/^[-.]+/, "")
    .slice(0, most);
}

/** What a file is called in its script: the environment's name and version, where a scope's `/` is a `-`. */
export function stubName(name: string, version: string | null): string {
  const whole = [name.replace(/^@/, "").replaceAll("/", "-"), version].filter((part) => part !== null).join("-");
  return plainValue(whole, NAME_MAX) || "environment";
}

/** What a file is for, by `tripleOf`. */
export function stubPlatform(triple: string): string {
  return plainValue(triple, PLATFORM_MAX);
}

/** The lines; all have the same length, whatever they say. */
export function encodeStubHeader({ version, base, size, sha256, platform, name }: StubFields): Buffer {
  const values = { start: `${base + 1}`, size: `${size}`, sha256, platform: `'${platform}'`, name: `'${name}'` };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value.padEnd(WIDTHS[key as keyof typeof WIDTHS])}\n`);
  return Buffer.from(`${FIRST}${version}${ABOUT}${lines.join("")}`, "latin1");
}

const NOTHING: StubFields = { version: STUB_VERSION, base: 0, size: 0, sha256: "0".repeat(64), platform: "", name: "" };
export const STUB_HEADER_BYTES = encodeStubHeader(NOTHING).length;

const LINES = /^start=(\d+) *\nsize=(\d+) *\nsha256=([0-9a-f]{64})\nplatform='([A-Za-z0-9._+-]*)' *\nname='([A-Za-z0-9._+-]*)' *\n$/;

/**
 * Reads the lines, and refuses every form but the one that is written.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT where they are cut off, ARCHIVE_TOO_NEW, ARCHIVE_UNSAFE
 */
export function decodeStubHeader(start: Buffer): StubFields {
  if (start.length < STUB_HEADER_BYTES) throw damaged("the script in front of it is cut off");
  const header = start.subarray(0, STUB_HEADER_BYTES);
  const text = header.toString("latin1", STUB_START);
  const version = Number(/^([1-9]\d{0,5}):/.exec(text)?.[1] ?? 0);
  if (version > STUB_VERSION) {
    throw new EnvpackError("ARCHIVE_TOO_NEW", `the self-extracting file has version ${version}, newer than this envpack reads`, {
      hint: "use a newer envpack",
    });
  }
  const found = LINES.exec(text.slice(`${version}${ABOUT}`.length));
  if (found === null) throw foreignScript();
  const [, begin = "", size = "", sha256 = "", platform = "", name = ""] = found;
  const fields = { version, base: Number(begin) - 1, size: Number(size), sha256, platform, name };
  if (!encodeStubHeader(fields).equals(header)) throw foreignScript();
  return fields;
}

/** The script in front of an archive could do anything: nothing in the archive vouches for it. */
export function foreignScript(): EnvpackError {
  return new EnvpackError("ARCHIVE_UNSAFE", "the script in front of the archive is not the one that envpack writes", {
    hint: "do not run it; get the file from who made it",
  });
}
