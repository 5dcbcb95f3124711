import { setFlagsFromString } from "node:v8";
import { FRAME_MAX } from "../frame.js";
import type { ZstdEngine } from "./zstd.js";

/** What is used of zstd-codec's WebAssembly module; embind's classes hold memory of the module's heap. */
interface Binding {
  readonly ZstdCodec: new () => {
    compressBound(size: number): number;
    /** Compressed bytes, negative where it failed. */
    compress(target: Vector, source: Vector, level: number): number;
    decompress(target: Vector, source: Vector): number;
  };
  readonly VectorU8: new () => Vector;
  cloneToVector(target: Vector, bytes: Uint8Array): void;
  /** A copy. */
  cloneAsTypedArray(source: Vector): Uint8Array;
}

const WITHOUT = "--no-wasm-dynamic-tiering";

interface Vector {
  resize(size: number, fill: number): void;
}

/**
 * zstd-codec, for runtimes whose zlib has no zstd. Its module has a heap of 16 MiB that cannot grow and
 * aborts where that is not enough; so frames are bounded (FRAME_MAX), the two vectors get their
 * greatest size at once, and levels whose tables do not fit are not offered. The module is loaded
 * directly: the package's own entry adds nothing but slower copies.
 */
export async function loadWasmEngine(): Promise<ZstdEngine> {
  const binding = await loadBinding();
  const codec = new binding.ZstdCodec();
  const source = new binding.VectorU8();
  const target = new binding.VectorU8();
  const bound = codec.compressBound(FRAME_MAX);
  source.resize(bound, 0);
  target.resize(bound, 0);
  return {
    recipe: "zstd-codec",
    maxLevel: 5,
    maxLevelBecause: `Node.js ${process.versions.node} has no zstd of its own, and the package zstd-codec has memory for no more (Node.js 22.15 or later: up to 19)`,
    compress(plain, level) {
      binding.cloneToVector(source, plain);
      target.resize(codec.compressBound(plain.length), 0);
      return take(binding, target, codec.compress(target, source, level));
    },
    // Its streams would do it, at the price of a second heap; the frame's first entry is named instead.
    decompressPrefix() {
      throw new Error("zstd-codec decompresses whole frames only");
    },
    decompress(frame, plainSize) {
      binding.cloneToVector(source, frame);
      target.resize(plainSize, 0);
      const content = take(binding, target, codec.decompress(target, source));
      return Buffer.from(content.buffer, content.byteOffset, content.length);
    },
  };
}

function take(binding: Binding, vector: Vector, length: number): Uint8Array {
  if (length < 0) throw new Error(`zstd-codec failed (${length})`);
  vector.resize(length, 0);
  return binding.cloneAsTypedArray(vector);
}

/**
 * Has each function of the module compiled well as soon as it is called. Otherwise V8 compiles it quickly, and it asks
 * for better code itself once it has run for long. Where garbage is collected in the midst of that question, the V8 of Node 20 goes on with
 * an object from where it lay before (https://crbug.com/v8/13036), and the process ends with SIGSEGV: once in some hundred
 * times that a large tree was packed. V8 reads the flag when it makes the module, which all threads share.
 */
async function loadBinding(): Promise<Binding> {
  // Whoever started this process without it wants it to stay so.
  if (process.execArgv.includes(WITHOUT)) return makeBinding();
  setFlagsFromString(WITHOUT);
  try {
    return await makeBinding();
  } finally {
    // For whatever else this process compiles.
    setFlagsFromString("--wasm-dynamic-tiering");
  }
}

async function makeBinding(): Promise<Binding> {
  const { default: create } = await import("zstd-codec/lib/zstd-codec-binding-wasm.js");
  return new Promise((resolve, reject) => {
    const silent = (): void => undefined;
    const module: Record<string, unknown> = { print: silent, printErr: silent };
    module["onAbort"] = (reason: unknown) => {
      reject(new Error(`zstd-codec aborted: ${String(reason)}`));
    };
    module["onRuntimeInitialized"] = () => {
      // The module has a `then` of its own: resolving with it would wait for ever.
      delete module["then"];
      resolve(module as unknown as Binding);
    };
    create(module);
  });
}
