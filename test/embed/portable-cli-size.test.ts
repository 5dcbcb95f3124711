import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const BUILD = pathToFileURL(join(import.meta.dirname, "../../src/embed/build-portable-cli.mjs")).href;

// Every archive carries it: what makes it larger has to be worth that.
test.each([
  // 30 kB of it are semver, by which `unpack --expect` reads ranges as npm does.
  [false, 700],
  [true, 1440],
])("the tool that travels stays small (with zstd as WebAssembly: %s, at most %i kB)", async (wasm, limit) => {
  const { bundlePortableCli } = (await import(BUILD)) as { bundlePortableCli: (wasm: boolean) => Promise<Uint8Array> };
  const bytes = await bundlePortableCli(wasm);
  expect(bytes.length / 1000).toBeLessThan(limit);
  // The options of the API are looked at where the API is; the tool has flags.
  expect(Buffer.from(bytes).includes("takes one object of options")).toBe(false);
});
