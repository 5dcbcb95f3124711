import { imageWithoutNames, references, registryAccess } from "./image-schemas.js";
import { maybe, optionsOf } from "./options-of.js";
import { common, level, listen, paths, sbomFormat } from "./common-schemas.js";
import { pack, packForPlatforms } from "./pack-schemas.js";
import { FORMATS, isTar } from "../archive/formats.js";
import { REQUIRED } from "../evidence/provenance/require.js";
import type { DeliverRegistryOptions } from "../verbs/deliver/registry.js";
import type { DeliverSlurmOptions } from "../verbs/deliver/slurm.js";
import type { DeliverYarnOptions } from "../verbs/deliver/yarn.js";
import type { CleanOptions } from "../verbs/cache.js";
import type { DiffOptions } from "../verbs/diff.js";
import type { DoctorOptions } from "../verbs/doctor/doctor.js";
import type { InfoOptions } from "../verbs/info.js";
import type { LayerOptions } from "../verbs/layer.js";
import type { ParcelManifestOptions } from "../verbs/parcel-manifest.js";
import type { LicensesOptions } from "../verbs/licenses.js";
import type { ListOptions } from "../verbs/list.js";
import type { ProveOptions } from "../verbs/prove/prove.js";
import type { RecordOptions } from "../verbs/record.js";
import type { RelocateOptions } from "../verbs/relocate.js";
import type { ReportOptions } from "../verbs/report.js";
import type { RunOptions } from "../verbs/run/run.js";
import type { SbomOptions } from "../verbs/sbom.js";
import type { UnpackOptions } from "../verbs/unpack.js";
import type { VerifyOptions } from "../verbs/verify.js";
import { argument, callback, flag, listOf, oneOf, path, readable, signal, text, variables, whole, writable } from "./kinds-of-values.js";

const signed = { verifyKeys: paths, signature: maybe(path) };
const licensePatterns = listOf(text("a pattern of licences"), "a list of patterns of licences");
const required = maybe(listOf(oneOf(...REQUIRED), 'a list of "signature", "provenance" and "proof"'));
const expected = maybe(text('a name with a range of versions, as "shop@^1.4"'));
const unpack = optionsOf<UnpackOptions>()({
  ...common,
  ...signed,
  require: required,
  expect: expected,
  archive: readable,
  target: maybe(path),
  force: maybe(flag),
  discardAdded: maybe(flag),
  forcePlatform: maybe(flag),
  only: maybe(listOf(text("a pattern"), "a list of patterns")),
  shared: maybe(flag),
  onto: maybe(path),
  link: maybe(flag),
  current: maybe(path),
});

const diff = optionsOf<DiffOptions>()({
  ...common,
  sources: listOf(readable, "a list of paths and streams"),
  quick: maybe(flag),
  ignore: maybe(listOf(text("the name of what may differ"), "a list of what may differ")),
});

const layer = optionsOf<LayerOptions>()({
  ...common,
  base: path,
  next: path,
  output: writable,
  format: maybe(oneOf(...FORMATS.filter(isTar).map(({ name }) => name))),
  level,
  sign: maybe(path),
  force: maybe(flag),
});

const run = optionsOf<RunOptions>()({
  ...common,
  ...signed,
  path,
  command: text("the name of a command, a program or a script"),
  args: maybe(listOf(argument, "a list of texts")),
  add: paths,
  env: maybe(variables),
  cwd: maybe(path),
  onTerminal: maybe(flag),
  replace: maybe(flag),
  compileCache: maybe(flag),
  onStart: maybe(callback),
});

const prove = optionsOf<ProveOptions>()({
  ...common,
  ...signed,
  path,
  command: maybe(listOf(argument, "a list of texts: a command and its arguments")),
  source: maybe(path),
  entry: maybe(path),
  listen,
  like: maybe(path),
  image: maybe(path),
  as: maybe(listOf(text("the name of an engine"), "a list of engines")),
  all: maybe(flag),
  limitMemory: maybe(whole(1, Number.MAX_SAFE_INTEGER)),
  uid: maybe(whole(0, 2 ** 32 - 2)),
  noexecTmp: maybe(flag),
  noHome: maybe(flag),
  timeout: maybe(whole(1, 86_400)),
  sandbox: maybe(oneOf("bubblewrap", "unshare", "none")),
  sign: maybe(path),
  save: maybe(flag),
});

const deliverYarn = optionsOf<DeliverYarnOptions>()({
  ...common,
  archive: path,
  to: text('a folder on HDFS, as "hdfs://namenode:8020/envs"'),
  alias: maybe(text("a name")),
  webhdfs: maybe(text('the address of WebHDFS, as "http://namenode:9870"')),
  forcePlatform: maybe(flag),
  env: maybe(variables),
});

const deliverSlurm = optionsOf<DeliverSlurmOptions>()({
  ...common,
  archive: path,
  command: listOf(argument, "a list of texts: a command and its arguments"),
  to: maybe(path),
  sbatch: maybe(listOf(text("an option of sbatch"), "a list of sbatch's options")),
  remove: maybe(flag),
  output: maybe(path),
  force: maybe(flag),
  submit: maybe(flag),
  env: maybe(variables),
});

const deliverRegistry = optionsOf<DeliverRegistryOptions>()({
  ...common,
  sources: listOf(path, "a list of image layouts and archives"),
  to: references,
  image: maybe(imageWithoutNames),
  sign: maybe(path),
});

/** What each verb of the API takes. */
export const SCHEMAS = {
  pack,
  planPack: pack,
  packForPlatforms,
  unpack,
  verify: optionsOf<VerifyOptions>()({
    ...common,
    ...signed,
    path: readable,
    repair: maybe(path),
    provenance: maybe(path),
    require: required,
    expect: expected,
    ...registryAccess,
  }),
  list: optionsOf<ListOptions>()({ ...common, ...signed, ...registryAccess, path }),
  info: optionsOf<InfoOptions>()({ ...common, ...signed, ...registryAccess, path, verify: maybe(flag) }),
  licenses: optionsOf<LicensesOptions>()({
    ...common,
    ...signed,
    path,
    allow: maybe(licensePatterns),
    deny: maybe(licensePatterns),
    texts: maybe(path),
    force: maybe(flag),
  }),
  sbom: optionsOf<SbomOptions>()({ ...common, ...signed, path, format: maybe(sbomFormat), output: maybe(path), force: maybe(flag) }),
  diff,
  doctor: optionsOf<DoctorOptions>()({ ...common, ...registryAccess, path: maybe(path), target: maybe(path), env: maybe(variables) }),
  layer,
  relocate: optionsOf<RelocateOptions>()({ ...common, folder: path, root: maybe(path) }),
  run,
  prove,
  deliverYarn,
  planYarnDelivery: deliverYarn,
  deliverSlurm,
  deliverRegistry,
  listCache: optionsOf<Pick<CleanOptions, "signal">>()({ signal: maybe(signal) }),
  cleanCache: optionsOf<CleanOptions>()({ signal: maybe(signal), olderThan: maybe(whole(0, Number.MAX_SAFE_INTEGER)), all: maybe(flag) }),
  record: optionsOf<RecordOptions>()({
    ...common,
    path: maybe(path),
    command: listOf(argument, "a list of texts: a command and its arguments"),
    output: path,
    strace: maybe(flag),
    force: maybe(flag),
    env: maybe(variables),
    onTerminal: maybe(flag),
    onStart: maybe(callback),
  }),
  parcelManifest: optionsOf<ParcelManifestOptions>()({ signal: maybe(signal), path }),
  report: optionsOf<ReportOptions>()({
    ...common,
    ...signed,
    path,
    newer: maybe(path),
    packed: maybe(path),
    output: maybe(path),
    force: maybe(flag),
  }),
} as const;

export type VerbName = keyof typeof SCHEMAS;
