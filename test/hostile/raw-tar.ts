/*
 * Tar headers, pax records and bodies, written without any of the project's code: here anything goes,
 * and what is not asked for otherwise stands as envpack's own writer puts it.
 */

/** The fields of a header, as bytes or text; numbers become octal digits. */
export interface RawHeader {
  readonly name: string | Buffer;
  readonly prefix?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly size?: number | Buffer | string;
  readonly mtime?: string | Buffer;
  readonly type?: string;
  readonly link?: string;
  readonly uname?: string;
  readonly devmajor?: string;
  /** Added to the right checksum. */
  readonly checksumOff?: number;
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")} \0`;

/** The time that every entry of these archives bears. */
export const MTIME = 499162500;

export function rawHeader(header: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  const put = (value: string | Buffer, at: number): void => {
    Buffer.from(value).copy(block, at);
  };
  const type = header.type ?? "0";
  put(header.name, 0);
  put(header.mode ?? (type === "5" ? "000755 \0" : type === "2" ? "000777 \0" : "000644 \0"), 100);
  put(header.uid ?? "000000 \0", 108);
  put("000000 \0", 116);
  put(typeof header.size === "number" || header.size === undefined ? octal(header.size ?? 0, 10) : header.size, 124);
  put(header.mtime ?? octal(MTIME, 10), 136);
  put(type, 156);
  put(header.link ?? "", 157);
  put("ustar\x0000", 257);
  put(header.uname ?? "", 265);
  put(header.devmajor ?? "000000 \0", 329);
  put("000000 \0", 337);
  put(header.prefix ?? "", 345);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (header.checksumOff ?? 0);
  put(octal(sum, 6), 148);
  return block;
}

export function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** A header and a body; the header's size is the body's unless it is given. */
export function rawEntry(header: RawHeader, body: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([rawHeader({ size: bytes.length, ...header }), padded(bytes)]);
}

export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** An extended header ("x"), or a global one ("g"). */
export function pax(records: readonly Buffer[], type = "x", name: string | Buffer = "PaxHeader/x"): Buffer {
  return rawEntry({ name, type }, Buffer.concat(records));
}

/**
 * An entry of a long name, as envpack writes it: a pax record says all, the header as much as fits.
 * Only its records matter to a strict reader, which refuses everything else.
 */
export function longEntry(path: string | Buffer, body = "x"): Buffer {
  const start = Buffer.from(path).subarray(0, 99);
  return Buffer.concat([pax([paxRecord("path", path)]), rawEntry({ name: start }, body)]);
}
