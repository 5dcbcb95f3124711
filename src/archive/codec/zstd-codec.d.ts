declare module "zstd-codec/lib/zstd-codec-binding-wasm.js" {
  /** Starts the module; calls `module.onRuntimeInitialized` once it is ready. */
  export default function create(module: Record<string, unknown>): void;
}
