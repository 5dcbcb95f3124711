import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nativeEngine } from "../../src/archive/codec/zstd.js";
import { bundleProgram } from "../bundle-program.js";
import { scratchFolder } from "../scratch.js";

/** Compresses little, so that nothing has run for long, and waits for what V8 does about it. */
const COMPRESSING = `
  import { loadWasmEngine } from "./archive/codec/zstd-wasm.ts";
  const engine = await loadWasmEngine();
  engine.compress(Buffer.from("a few words"), 3);
  console.log("compressed");
  process.stdin.resume();`;

const COMPILED = /#(\d+) using (Liftoff|TurboFan)/g;

/*
 * The process that asks for better code while garbage is collected ends, but once in a hundred large trees: V8 has no
 * flag that brings both together. So this looks whether anything is left that could ask.
 */
test("no code of zstd-codec is left that asks V8 for better code", async ({ skip }) => {
  skip(nativeEngine() !== null, "this Node.js has its own zstd");
  const program = join(scratchFolder("tiering"), "compress.mjs");
  bundleProgram(COMPRESSING, program);
  const child = spawn(process.execPath, ["--trace-wasm-compilation-times", program], {
    stdio: ["pipe", "pipe", "inherit"],
    timeout: 20_000,
  });
  let output = "";
  try {
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.includes("compressed") && isWellCompiled(output)) break;
    }
  } finally {
    child.kill();
  }
  expect(compiledBy(output, "TurboFan").length).toBeGreaterThan(20);
  expect(isWellCompiled(output)).toBe(true);
}, 30_000);

function isWellCompiled(output: string): boolean {
  const well = compiledBy(output, "TurboFan");
  return compiledBy(output, "Liftoff").every((number) => well.includes(number));
}

function compiledBy(output: string, compiler: string): readonly (string | undefined)[] {
  return [...output.matchAll(COMPILED)].filter((match) => match[2] === compiler).map((match) => match[1]);
}
