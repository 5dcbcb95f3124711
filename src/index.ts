/**
 * envpack's public API: what the commands do, without printing, prompting or exiting. Every function
 * takes one options object, reports through `onProgress`, stops at `signal`, and throws EnvpackError.
 */
export { EnvpackError, type ErrorCode, type ErrorDetails } from "./errors.js";
export type { Notice, Progress, ProgressListener, Stage } from "./progress.js";
export { pack, planPack, type PackOptions, type PackPreview, type PackResult, type PreviewEntry } from "./pack.js";
export { unpack, type UnpackOptions, type UnpackResult } from "./unpack.js";
export { verify, type Difference, type VerifyOptions, type VerifyResult } from "./verify.js";
export { list, type ListOptions } from "./list.js";
export { info, type Info, type InfoOptions } from "./info.js";
export { diff, type DiffOptions, type DiffResult, type DiffSide } from "./diff.js";
export { doctor, type DoctorOptions, type DoctorResult, type Finding } from "./doctor.js";
export { layer, type LayerOptions, type LayerResult } from "./layer.js";
export { relocate, type RelocateOptions, type RelocateResult, type Unfit } from "./relocate.js";
export { run, type RunOptions } from "./run.js";
export { deliverYarn, planYarnDelivery, type DeliverYarnOptions, type DeliverYarnResult, type YarnCommands, type YarnDeliveryPlan } from "./deliver-yarn.js";
export { deliverSlurm, type DeliverSlurmOptions, type DeliverSlurmResult } from "./deliver-slurm.js";
export type { Entry } from "./archive/entry.js";
export type { Residual } from "./relocate/residual.js";
export type { LayerRecord, Manifest } from "./manifest/manifest.js";
export type { LeftOut, LeftOutReason } from "./plan/plan.js";
