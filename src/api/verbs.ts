import type { Entry } from "../archive/entry.js";
import * as registries from "../verbs/deliver/registry.js";
import * as slurm from "../verbs/deliver/slurm.js";
import * as yarn from "../verbs/deliver/yarn.js";
import * as caching from "../verbs/cache.js";
import * as diffing from "../verbs/diff.js";
import * as doctoring from "../verbs/doctor/doctor.js";
import * as describing from "../verbs/info.js";
import * as layering from "../verbs/layer.js";
import * as licensing from "../verbs/licenses.js";
import * as listing from "../verbs/list.js";
import * as packing from "../verbs/pack/pack.js";
import * as proved from "../verbs/pack-proved.js";
import * as parcels from "../verbs/parcel-manifest.js";
import * as proving from "../verbs/prove/prove.js";
import * as recording from "../verbs/record.js";
import * as relocating from "../verbs/relocate.js";
import * as reporting from "../verbs/report.js";
import * as running from "../verbs/run/run.js";
import * as billing from "../verbs/sbom.js";
import * as unpacking from "../verbs/unpack.js";
import * as verifying from "../verbs/verify.js";
import { callVerb } from "./check-options.js";

/*
 * Each verb as programs call it. All of them look at their options before they do anything, throw
 * nothing but EnvpackError for what can go wrong, and end with INTERRUPTED where their signal is aborted.
 */

/** Packs an installed environment into one archive. The output appears whole or not at all; an older one stays until then. */
export async function pack(options: packing.PackOptions = {}): Promise<packing.PackResult> {
  return callVerb("pack", options, (checked) => (checked.proveTrace === true ? proved.packProved(checked) : packing.pack(checked)));
}

/** Finds out what `pack` would put in and leave out, and writes nothing. */
export async function planPack(options: packing.PackOptions = {}): Promise<packing.PackPreview> {
  return callVerb("planPack", options, packing.planPack);
}

/** Makes one container image of those for several platforms; tells what was packed for each. */
export async function packForPlatforms(options: packing.PackForPlatformsOptions): Promise<readonly packing.PackResult[]> {
  return callVerb("packForPlatforms", options, packing.packForPlatforms);
}

/** Verifies an archive and restores it: the target appears when every digest has been checked, or not at all. */
export async function unpack(options: unpacking.UnpackOptions): Promise<unpacking.UnpackResult> {
  return callVerb("unpack", options, unpacking.unpack);
}

/** Checks every byte: of an archive against its own digests, of a folder against its index. */
export async function verify(options: verifying.VerifyOptions): Promise<verifying.VerifyResult> {
  return callVerb("verify", options, verifying.verify);
}

/** The entries of an archive or a restored environment, from its index: no file's content is read. */
export async function list(options: listing.ListOptions): Promise<readonly Entry[]> {
  return callVerb("list", options, listing.list);
}

/** What an archive or a restored environment is, and whether this machine can run it. */
export async function info(options: describing.InfoOptions): Promise<describing.Info> {
  return callVerb("info", options, describing.info);
}

/** A bill of materials of an archive or a restored environment, made from what is packed. */
export async function sbom(options: billing.SbomOptions): Promise<billing.SbomResult> {
  return callVerb("sbom", options, billing.sbom);
}

/** Under which licences the packages of an archive or a restored environment are, and which of them are not taken. */
export async function licenses(options: licensing.LicensesOptions): Promise<licensing.LicensesResult> {
  return callVerb("licenses", options, licensing.licenses);
}

/** Compares environments: archives, folders, and reports of other machines (`info` as JSON). */
export async function diff(options: diffing.DiffOptions): Promise<diffing.DiffResult> {
  return callVerb("diff", options, diffing.diff);
}

/** What will not work on this machine, and why, before anything is started. Writes nothing that stays. */
export async function doctor(options: doctoring.DoctorOptions = {}): Promise<doctoring.DoctorResult> {
  return callVerb("doctor", options, doctoring.doctor);
}

/** Writes what is new in one environment beside another. */
export async function layer(options: layering.LayerOptions): Promise<layering.LayerResult> {
  return callVerb("layer", options, layering.layer);
}

/** Writes an environment's present place into the files that name its old one, any number of times. */
export async function relocate(options: relocating.RelocateOptions): Promise<relocating.RelocateResult> {
  return callVerb("relocate", options, relocating.relocate);
}

/** Activates an environment and executes a command in it, with this process's standard streams. */
export async function run(options: running.RunOptions): Promise<running.RunResult> {
  return callVerb("run", options, running.run);
}

/** Checks an archive, and puts it on HDFS where it does not lie there already: whole, or not at all. */
export async function deliverYarn(options: yarn.DeliverYarnOptions): Promise<yarn.DeliverYarnResult> {
  return callVerb("deliverYarn", options, yarn.deliverYarn);
}

/** Checks an archive and tells where it belongs on the cluster and how jobs use it there; HDFS is not asked. */
export async function planYarnDelivery(options: yarn.DeliverYarnOptions): Promise<yarn.YarnDeliveryPlan> {
  return callVerb("planYarnDelivery", options, yarn.planYarnDelivery);
}

/** Makes the batch script that runs a command from an archive on every node of a Slurm job; writes or submits it. */
export async function deliverSlurm(options: slurm.DeliverSlurmOptions): Promise<slurm.DeliverSlurmResult> {
  return callVerb("deliverSlurm", options, slurm.deliverSlurm);
}

/** Pushes image layouts, or images made of archives, to registries: whole, the tag last. */
export async function deliverRegistry(options: registries.DeliverRegistryOptions): Promise<registries.DeliverRegistryResult> {
  return callVerb("deliverRegistry", options, registries.deliverRegistry);
}

/** Writes manifest.json for a folder of parcels, which makes it a repository of Cloudera Manager. */
export async function parcelManifest(options: parcels.ParcelManifestOptions): Promise<parcels.ParcelManifestResult> {
  return callVerb("parcelManifest", options, parcels.parcelManifest);
}

/** Proves that an environment runs where nothing of this machine is left: in a sandbox, at another depth, without a network. */
export async function prove(options: proving.ProveOptions): Promise<proving.ProveResult> {
  return callVerb("prove", options, proving.prove);
}

/** What lies in envpack's cache of this user: fetched runtimes, and what tells that files are unchanged. */
export async function listCache(options: Pick<caching.CleanOptions, "signal"> = {}): Promise<caching.CacheListing> {
  return callVerb("listCache", options, caching.listCache);
}

/** Clears envpack's cache of this user, but for what is in use. */
export async function cleanCache(options: caching.CleanOptions = {}): Promise<caching.CleanResult> {
  return callVerb("cleanCache", options, caching.cleanCache);
}

/** A page for browsers about an archive or a restored environment; of two, about the newer one and what changed. */
export async function report(options: reporting.ReportOptions): Promise<reporting.ReportResult> {
  return callVerb("report", options, reporting.report);
}

/** Runs a command, and writes down which files of the environment it needs, for `pack`'s `trace`. */
export async function record(options: recording.RecordOptions): Promise<recording.RecordResult> {
  return callVerb("record", options, recording.record);
}
