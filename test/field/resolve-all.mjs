// Run in a package's folder: prints each file that `require.resolve` finds for the packages that it is told, for what
// these declare, and so on; each from the place of the package that declares it, as Node does.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const found = new Set();
const seen = new Set();
const pending = process.argv.slice(2).map((name) => [process.cwd(), name]);
for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
  const [folder, name] = next;
  const require = createRequire(join(folder, "package.json"));
  for (const wanted of [name, `${name}/package.json`]) {
    try {
      found.add(require.resolve(wanted));
    } catch {
      // No main file, or not exported, or optional and not installed.
    }
  }
  const json = findPackage(require, name);
  if (json === null || seen.has(json)) continue;
  seen.add(json);
  found.add(json);
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(readFileSync(json, "utf8"));
  for (const other of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) pending.push([dirname(json), other]);
}
console.log([...found].join("\n"));

/** The package.json that Node takes for a name; null where there is no such package. */
function findPackage(require, name) {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const file = join(folder, name, "package.json");
      readFileSync(file);
      return createRequire(file).resolve("./package.json");
    } catch {
      continue;
    }
  }
  return null;
}
