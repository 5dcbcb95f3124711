import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "./places.mjs";
import { count, dress } from "./tree.mjs";

const FILES_A_PACKAGE = 50;
const WORDS =
  "const return function import export default await value index module path buffer stream event error option result string number object".split(
    " ",
  );

/**
 * Makes a project of many small files, the same on every machine, unless it is there: packages of 50
 * files of half a kilobyte to two, about as well compressible as code.
 *
 * @param {number} files
 * @returns {import("./tree.mjs").Tree}
 */
export function makeTree(files) {
  const prefix = join(CACHE, `made-up-${files}`);
  const project = join(prefix, "project");
  const done = `${prefix}.complete`;
  if (!existsSync(done)) {
    console.log(`== making a tree of ${files.toLocaleString("en-US")} files in .cache/bench/`);
    dress(prefix);
    fill(project, files);
    writeFileSync(done, "");
  }
  return { prefix, project, kind: "made up", ...count(project) };
}

function fill(project, files) {
  const packages = Math.ceil((files - 1) / FILES_A_PACKAGE);
  const random = randomNumbers(1);
  const names = Array.from({ length: packages }, (_, index) => `part-${String(index).padStart(6, "0")}`);
  mkdirSync(project, { recursive: true });
  const dependencies = Object.fromEntries(names.map((name) => [name, "1.0.0"]));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "made-up", version: "1.0.0", dependencies }));
  let left = files - 1;
  for (const name of names) {
    const folder = join(project, "node_modules", name);
    mkdirSync(join(folder, "lib"), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version: "1.0.0", main: "lib/1.js" }));
    for (let file = 1; file < Math.min(FILES_A_PACKAGE, left); file++) writeFileSync(join(folder, "lib", `${file}.js`), text(random));
    left -= FILES_A_PACKAGE;
  }
}

/** Words of code with numbers between them: without the numbers it would compress better than code does. */
function text(random) {
  const words = Array.from({ length: 60 + (random() % 180) }, () => {
    const draw = random();
    return draw % 3 === 0 ? `x${draw.toString(36)}` : WORDS[draw % WORDS.length];
  });
  return `${words.join(" ")}\n`;
}

/** Marsaglia's xorshift32: Math.random cannot be seeded. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
