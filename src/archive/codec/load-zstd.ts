import { EnvpackError } from "../../support/errors.js";
import type { Codec } from "./codec.js";
import { makeZstd, nativeEngine, type ZstdEngine } from "./zstd.js";

/** zstd frames by the runtime's own zstd, else by that of the package zstd-codec. */
export async function loadZstd(): Promise<Codec> {
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
