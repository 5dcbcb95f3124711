import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { envpack } from "../real/commands.js";

/** Writes a small project that counts as installed, without any package manager. */
export function writeProject(folder: string): string {
  const dependency = join(folder, "node_modules/dep");
  mkdirSync(dependency, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"name":"pantry","version":"1.0.0","dependencies":{"dep":"1.0.0"}}');
  writeFileSync(join(dependency, "package.json"), '{"name":"dep","version":"1.0.0"}');
  for (let at = 0; at < 200; at++) writeFileSync(join(dependency, `file-${at}.js`), `module.exports = "${"content ".repeat(at)}";\n`);
  return folder;
}

/** Packs such a project without a runtime, and returns the archive's path. */
export function packProject(folder: string, archive: string, ...options: string[]): string {
  const { status, stderr } = envpack(["pack", folder, "--node", "none", "-q", "-o", archive, ...options]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return archive;
}

/** Bytes that no codec makes smaller, the same each time. */
export function noise(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let state = 1;
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    buffer.writeUInt32LE(state, at);
  }
  return buffer;
}
