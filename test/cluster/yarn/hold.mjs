/** Holds WebAssembly memory of a kind, "none", "bounded" or "unbounded", for long enough for YARN to look, and tells so. */
import { setTimeout } from "node:timers/promises";

const [kind] = process.argv.slice(2);
const memory = kind === "none" ? null : new WebAssembly.Memory({ initial: 1, ...(kind === "bounded" ? { maximum: 100 } : {}) });
await setTimeout(4000);
console.log(`${process.versions.node.split(".")[0]} ${kind} ${memory === null ? 0 : memory.buffer.byteLength}`);
