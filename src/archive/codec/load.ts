import { EnvpackError } from "../../support/errors.js";
import { CODECS, FORMATS } from "../formats.js";
import type { Codec, Decoder } from "./codec.js";

const loaded = new Map<string, Promise<Decoder>>();

/**
 * What reads frames of that codec; loaded once a thread, and only when asked for.
 *
 * @throws EnvpackError CODEC_MISSING where this machine has not what it needs
 */
export async function loadDecoder(name: string): Promise<Decoder> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const loading = (CODECS.find((codec) => codec.name === name) as (typeof CODECS)[number]).load();
  loaded.set(name, loading);
  return loading;
}

/** What writes them. @throws EnvpackError as `loadDecoder` */
export async function loadCodec(name: string): Promise<Codec> {
  // Nothing is written by a codec that only reads.
  if (!FORMATS.some(({ codec }) => codec.name === name)) throw new Error(`nothing is written as ${name}`);
  return (await loadDecoder(name)) as Codec;
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
  const why = codec.levelsBecause === undefined ? "" : `: ${codec.levelsBecause}`;
  throw new EnvpackError("USAGE", `${codec.name} has no compression level ${level} here${why}`, {
    hint: `name one from ${lowest} to ${highest}`,
  });
}
