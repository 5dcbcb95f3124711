import * as v from "valibot";
import { FORMATS } from "../archive/formats.js";
import type { PackForPlatformsOptions, PackOptions } from "../verbs/pack/pack.js";
import { common, level, listen, paths, sbomFormat } from "./common-schemas.js";
import { image } from "./image-schemas.js";
import { flag, listOf, oneOf, path, pathOrNone, text, whole, writable } from "./kinds-of-values.js";
import { maybe, optionsOf } from "./options-of.js";

const rule = v.strictObject(
  { action: oneOf("include", "exclude"), pattern: text("a pattern") },
  'an object such as { action: "exclude", pattern: "*.map" }',
);

const packOptions = {
  ...common,
  path: maybe(path),
  prefix: maybe(path),
  runtimeName: maybe(text('a version, as "v22" or "22.11.0"')),
  node: maybe(text('"current", "none", a version, or the path of a node')),
  rules: maybe(listOf(rule, "a list of rules")),
  omit: maybe(listOf(oneOf("dev", "npm"), 'a list of kinds: ["dev", "npm"]')),
  ignoreLock: maybe(flag),
  forcePlatform: maybe(flag),
  platform: maybe(text('a platform, as "linux-arm64"')),
  prebuilt: maybe(
    listOf(
      v.strictObject(
        { name: text("the name of a package"), file: path },
        'an object such as { name: "better-sqlite3", file: "better_sqlite3.node" }',
      ),
      "a list of binaries",
    ),
  ),
  links: maybe(oneOf("bring", "refuse")),
  includeSecrets: paths,
  destPrefix: maybe(path),
  output: maybe(writable),
  format: maybe(oneOf(...FORMATS.map(({ name }) => name))),
  engine: maybe(oneOf("yarn")),
  force: maybe(flag),
  discardAdded: maybe(flag),
  zipSymlinks: maybe(flag),
  image: maybe(image),
  reuse: maybe(pathOrNone),
  level,
  sign: maybe(path),
  detachSign: maybe(path),
  sbom: maybe(sbomFormat),
  checksum: maybe(flag),
  provenance: maybe(flag),
  arcroot: maybe(text("the name of a folder")),
  parcelName: maybe(text("a parcel's name")),
  parcelVersion: maybe(text("a parcel's version")),
  parcelDistro: maybe(text('the suffix of a distribution, as "el8"')),
  parcelRoot: maybe(path),
  // What the header of a tar can hold without an extension.
  mtime: maybe(whole(0, 8 ** 11 - 1)),
  slim: maybe(oneOf("safe")),
  keep: maybe(listOf(text("a pattern"), "a list of patterns")),
  trace: maybe(listOf(path, "a list of scripts")),
  records: paths,
  proveTrace: maybe(flag),
  listen,
} as const;
export const pack = optionsOf<PackOptions>()(packOptions);
// What is for another platform cannot be tried here.
const { platform: _one, proveTrace: _here, listen: _there, ...forAll } = packOptions;
export const packForPlatforms = optionsOf<PackForPlatformsOptions>()({
  ...forAll,
  platforms: listOf(text('a platform, as "linux-arm64"'), "a list of platforms"),
});
