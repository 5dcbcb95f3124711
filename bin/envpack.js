#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`envpack: error[USAGE] envpack needs Node.js 20.19 or later; this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else if (process.argv.length === 3 && ["-v", "--version"].includes(process.argv[2])) {
  // Asked by scripts again and again: nothing is loaded for it.
  const { readFileSync } = process.getBuiltinModule("node:fs");
  process.stdout.on("error", () => undefined);
  process.stdout.write(`${JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version}\n`);
} else {
  const { main } = await import("../dist/cli/main.js");
  process.exitCode = await main(process.argv.slice(2));
}
