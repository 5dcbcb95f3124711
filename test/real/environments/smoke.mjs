// Copied beside a package.json before the environment is packed: loads each package that it is told
// to, both ways, and prints what came of it as JSON. The same must come of it before and after a move.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const outcome = {};
for (const name of process.argv.slice(2)) {
  const imported = await import(name).then((found) => Object.keys(found).sort().join(" "), describe);
  outcome[name] = { imported, required: attempt(() => typeof require(name)), place: attempt(() => require.resolve(name)) };
}
console.log(JSON.stringify(outcome));

function attempt(action) {
  try {
    return action();
  } catch (error) {
    return describe(error);
  }
}

function describe(error) {
  return `failed: ${error.code ?? error.name}`;
}
