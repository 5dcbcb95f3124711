import { EnvpackError } from "../../errors.js";
import type { CodecName } from "../format.js";
import type { Codec } from "./codec.js";
import { gzip } from "./gzip.js";
import { none } from "./none.js";
import { zip } from "./zip.js";
import { makeZstd, nativeEngine, type ZstdEngine } from "./zstd.js";

let zstd: Promise<Codec> | undefined;

/**
 * The codec of that name; loaded once a thread, and only when asked for.
 *
 * @throws EnvpackError CODEC_MISSING where this runtime has no zstd and zstd-codec is not installed
 */
export async function loadCodec(name: CodecName): Promise<Codec> {
  if (name === "gzip") return gzip;
  if (name === "none") return none;
  if (name === "zip") return zip;
  return (zstd ??= loadZstd());
}

async function loadZstd(): Promise<Codec> {
  return makeZstd(nativeEngine() ?? (await loadSubstitute()));
}

async function loadSubstitute(): Promise<ZstdEngine> {
  try {
    const { loadWasmEngine } = await import("./zstd-wasm.js");
    return await loadWasmEngine();
  } catch (error) {
    throw new EnvpackError("CODEC_MISSING", "this Node.js has no zstd", {
      hint: "use Node.js 22.15 or later, or install the package zstd-codec",
      cause: error,
    });
  }
}

/**
 * The level to compress with.
 *
 * @throws EnvpackError USAGE where the codec has no such level
 */
export function chooseLevel(codec: Codec, level: number | undefined): number | undefined {
  if (level === undefined || codec.levels === null) return undefined;
  const [lowest, , highest] = codec.levels;
  if (Number.isInteger(level) && level >= lowest && level <= highest) return level;
  throw new EnvpackError("USAGE", `${codec.name} has no compression level ${level} here`, {
    hint: `name one from ${lowest} to ${highest}`,
  });
}
