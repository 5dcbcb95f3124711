import { tripleOf, type Target } from "../../manifest/target.js";
import { enumerate } from "../../support/enumerate.js";
import { EnvpackError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";
import { fitsPlatform } from "../../native/fits.js";
import type { Environment } from "../environment.js";
import { targetOf } from "../target.js";
import { hasFetcher } from "./mirrors.js";
import { CLIENT, ENGINES, prismaTarget } from "./prisma.js";
import { findUnscripted, type Unscripted } from "./scripts.js";
import { findOwnForeign, findUnserved, patternsFor, type Packing, type Unserved } from "./unserved.js";

/** What does the same and brings its binaries for every platform, or needs none. */
const ALTERNATIVES = new Map([
  ["better-sqlite3", "node:sqlite (Node.js 22 and later)"],
  ["sqlite3", "node:sqlite (Node.js 22 and later)"],
  ["canvas", "@napi-rs/canvas"],
  ["node-sass", "sass"],
  ["argon2", "@node-rs/argon2"],
  ["bcrypt", "bcryptjs"],
  ["node-expat", "sax"],
  ["re2", "re2-wasm"],
  ["farmhash", "farmhash-modern"],
]);

/**
 * Makes sure that what packages need of programs is there for the target, and that nothing that was compiled for another
 * platform goes in.
 *
 * @param isFilePacked whether a file (relative to the root) goes in
 * @returns notices of scripts that were not run, and of what goes without programs
 * @throws EnvpackError NATIVE_UNAVAILABLE naming each package whose binary cannot be had
 */
export function checkNatives(environment: Environment, packing: Packing, isFilePacked: (file: string) => boolean): Notice[] {
  const target = targetOf(environment);
  const wrong = environment.natives.find((native) => native.os !== null && isFilePacked(native.file) && !fitsPlatform(native, target));
  if (wrong !== undefined) {
    throw new EnvpackError(
      "NATIVE_UNAVAILABLE",
      `this was built for ${tripleOf({ os: wrong.os ?? "", arch: wrong.arch ?? "an unknown processor", libc: wrong.libc })}, and what is packed is for ${tripleOf(target)}`,
      {
        path: wrong.file,
        hint: "put one for the target in its place, pack on a machine of that platform, or leave it out with `--exclude`",
      },
    );
  }
  const triple = tripleOf(target);
  const { lacking, without, skipped } = findUnscripted(environment, packing.isPackage);
  const client = lacking.find(({ name }) => name === CLIENT);
  if (client !== undefined) throw withoutClient(client, triple, target);
  if (lacking.length > 0) throw unavailable(lacking, triple);
  const unserved = findUnserved(environment, packing, new Set(without.map(({ path }) => path)));
  if (unserved.lacking.length > 0) throw unservedBy(unserved.lacking, triple);
  return [
    ...noticeWithout([...without, ...unserved.without], triple),
    ...noticeSkipped(skipped),
    ...noticeOwn(findOwnForeign(environment, isFilePacked), triple),
  ];
}

/** What a package that brings programs for a choice of platforms, and has no script, can be given. */
function unservedBy(lacking: readonly Unserved[], triple: string): EnvpackError {
  const [first] = lacking;
  const named = lacking.map(({ name, version, files }) => {
    const others = [...new Set(files.map(({ os, arch, libc }) => tripleOf({ os: os ?? "", arch: arch ?? "an unknown processor", libc })))];
    return `${name}@${version} (it has one for ${enumerate(others)})`;
  });
  const excludes = lacking.flatMap(patternsFor).map((pattern) => `--exclude '${pattern}'`);
  return new EnvpackError("NATIVE_UNAVAILABLE", `no binary for ${triple} comes with ${enumerate(named)}`, {
    path: first?.path,
    hint: `give a tarball that holds it with \`--prebuilt ${first?.name}=FILE\`, pack without it where it is not needed (\`${enumerate(excludes)}\`), or use another version of the package that has it`,
  });
}

/** Prisma's client is generated, with an engine, into node_modules, where nothing of what is installed is taken from. */
function withoutClient({ path }: Unscripted, triple: string, target: Target): EnvpackError {
  const engines = prismaTarget(target) ?? triple;
  return new EnvpackError("NATIVE_UNAVAILABLE", `Prisma's client for ${triple} is made by an install script, which is not run`, {
    path,
    hint: `give the generator of schema.prisma an \`output\` in the project and binaryTargets = ["native", "${engines}"], run \`npx prisma generate\`, and leave this machine's engine out with \`--exclude\`; or pack on a machine of that platform`,
  });
}

function unavailable(lacking: readonly Unscripted[], triple: string): EnvpackError {
  const [first] = lacking;
  const named = lacking.map(({ name, version, script }) => `${name}@${version} (${script.slice(0, 60)})`);
  const alternatives = lacking.flatMap(({ name }) => (ALTERNATIVES.has(name) ? [`${ALTERNATIVES.get(name)} instead of ${name}`] : []));
  const instead = alternatives.length === 0 ? "" : `, or use ${alternatives.join(", ")}`;
  const mirror =
    first !== undefined && hasFetcher(first.script)
      ? `name a mirror that has it (npm_config_${variableOf(first.name)}_binary_host_mirror), `
      : first?.name === ENGINES
        ? "name a mirror that has it (PRISMA_ENGINES_MIRROR), "
        : "";
  return new EnvpackError(
    "NATIVE_UNAVAILABLE",
    `no binary for ${triple} comes with ${enumerate(named)}: what their install scripts download or compile is not to be had here`,
    {
      path: first?.path,
      hint: `give the binary with \`--prebuilt ${first?.name}=FILE\`, ${mirror}pack on a machine of that platform${instead}`,
    },
  );
}

/** As npm makes variables of names: "better-sqlite3" is better_sqlite3. */
export function variableOf(name: string): string {
  return name.replace(/^@/, "").replace(/[^a-zA-Z0-9]/g, "_");
}

function noticeWithout(without: readonly Pick<Unscripted, "name" | "version">[], triple: string): Notice[] {
  if (without.length === 0) return [];
  return [
    {
      code: "NATIVE_WITHOUT",
      message: `without a binary for ${triple}, which they can do without: ${enumerate(without.map(({ name, version }) => `${name}@${version}`))}`,
    },
  ];
}

function noticeSkipped(skipped: readonly Unscripted[]): Notice[] {
  if (skipped.length === 0) return [];
  return [
    {
      code: "SCRIPTS_NOT_RUN",
      message: `install scripts were not run: ${enumerate(skipped.map(({ name, version }) => `${name}@${version}`))}`,
    },
  ];
}

function noticeOwn(files: readonly { readonly file: string }[], triple: string): Notice[] {
  if (files.length === 0) return [];
  return [
    {
      code: "PROGRAMS_FOREIGN",
      message: `the project's own programs for other platforms than ${triple} go in as they are (--exclude leaves them out): ${enumerate(files.map(({ file }) => file))}`,
    },
  ];
}
