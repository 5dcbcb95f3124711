/**
 * envpack's public API: what the commands do, without printing, prompting or exiting. Every function
 * takes one options object, reports through `onProgress`, stops at `signal`, and throws EnvpackError.
 */
export { EnvpackError, type ErrorCode, type ErrorDetails } from "./support/errors.js";
export type { Notice, Progress, ProgressListener, Stage } from "./support/progress.js";
export type { CommonOptions } from "./support/options.js";
export type { EvidenceFact } from "./evidence/provenance/evidence.js";
export type { Required } from "./evidence/provenance/require.js";
export type { EvidenceKind } from "./evidence/provenance/statement.js";
export type { SignatureFact, SignatureOptions } from "./inspect/signature-files.js";
export {
  cleanCache,
  deliverRegistry,
  deliverSlurm,
  deliverYarn,
  diff,
  doctor,
  info,
  layer,
  licenses,
  list,
  listCache,
  pack,
  packForPlatforms,
  parcelManifest,
  planPack,
  planYarnDelivery,
  prove,
  record,
  relocate,
  report,
  run,
  sbom,
  unpack,
  verify,
} from "./api/verbs.js";
export type { PackForPlatformsOptions } from "./verbs/pack/pack.js";
export type { PackedRuntime, PackOptions, PackPreview, PackResult, PrepareOptions, PreviewEntry, PreviewFile } from "./verbs/pack/pack.js";
export type { TraceReport } from "./verbs/pack/trace.js";
export type { TracedFile } from "./plan/trace/trace-plan.js";
export type { Beside } from "./verbs/pack/beside.js";
export type { OutputOptions } from "./verbs/pack/output.js";
export type { ParcelOptions } from "./verbs/pack/parcel.js";
export type { Prebuilt } from "./verbs/pack/platform/prebuilt.js";
export type { RequireOptions, UnpackOptions, UnpackResult } from "./verbs/unpack.js";
export type { Difference, VerifyOptions, VerifyResult } from "./verbs/verify.js";
export type { ListOptions } from "./verbs/list.js";
export type { CacheEntry, CacheKind, CacheLimits, CacheListing, CleanOptions, CleanResult } from "./verbs/cache.js";
export type { Info, InfoOptions } from "./verbs/info.js";
export type { LicensedPackage, LicensesOptions, LicensesResult } from "./verbs/licenses.js";
export type { LicensePolicy } from "./evidence/sbom/license-policy.js";
export type { SbomOptions, SbomResult } from "./verbs/sbom.js";
export type { SbomFormat } from "./evidence/sbom/documents.js";
export type { ProvedArchive, ProveOptions, ProveResult } from "./verbs/prove/prove.js";
export type { Hardships } from "./evidence/prove/conditions.js";
export type { Opened, Outcome, ProofRun, Trial, TrialKind } from "./evidence/prove/report.js";
export type { SandboxKind } from "./evidence/prove/sandbox/sandbox.js";
export type { Aspect, DiffOptions, DiffResult, DiffSide, Row, RowValue } from "./verbs/diff.js";
export type { DoctorOptions, DoctorResult, Finding } from "./verbs/doctor/doctor.js";
export type { LayerOptions, LayerResult } from "./verbs/layer.js";
export type { ParcelManifestOptions, ParcelManifestResult } from "./verbs/parcel-manifest.js";
export type { ListedParcel, ParcelRepository } from "./deliver/parcel/repository.js";
export type { RecordOptions, RecordResult } from "./verbs/record.js";
export type { RelocateOptions, RelocateResult, Unfit } from "./verbs/relocate.js";
export type { ReportOptions, ReportResult } from "./verbs/report.js";
export type { RunOptions, RunResult } from "./verbs/run/run.js";
export type { DeliverYarnOptions, DeliverYarnResult, YarnCommands, YarnDeliveryPlan } from "./verbs/deliver/yarn.js";
export type { DeliverSlurmOptions, DeliverSlurmResult } from "./verbs/deliver/slurm.js";
export type { RegistryAccess } from "./verbs/image/options.js";
export type { DeliverRegistryOptions, DeliverRegistryResult } from "./verbs/deliver/registry.js";
export type { ImageOptions } from "./verbs/image/options.js";
export type { AttachedDocument, ImageLayer, PackedImage } from "./verbs/image/pack-image.js";
export type { PushedImage } from "./verbs/image/push.js";
export type { ImageFacts } from "./verbs/image/packed-image.js";
export type { ConfigWishes } from "./image/config.js";
export type { DirectoryEntry, Entry, FileEntry, HardlinkEntry, SymlinkEntry } from "./archive/entry.js";
export type { ArchiveFormat, Format, PackFormat, TarFormat } from "./archive/formats.js";
export type { FilterRule } from "./support/filters.js";
export type { Digests } from "./inspect/fleet/digests.js";
export type { Drift } from "./inspect/fleet/drift.js";
export type { Report, ReportHost } from "./inspect/fleet/report.js";
export type { Relocated } from "./relocate/apply.js";
export type { ForeignPlace } from "./scan/roots.js";
export type { Residual, ResidualClass } from "./portable/residual.js";
export type { RestoredModes } from "./inspect/verify/restore-modes.js";
export type {
  LayerRecord,
  ManagerRecord,
  Manifest,
  PackageRecord,
  Platform,
  RelocationSummary,
  RuntimeRecord,
  SlimRecord,
  TraceRecord,
} from "./manifest/manifest.js";
export type { LeftOut, LeftOutReason, SlimmedBy, SlimReport } from "./plan/plan.js";
export type { LeftBehind } from "./restore/restore-options.js";
export type { Runtime } from "./environment/runtime.js";
