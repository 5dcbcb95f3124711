import type { Readable } from "node:stream";
import { resolve } from "node:path";
import type { StubFields } from "../archive/stub/header.js";
import { checkStubName } from "../archive/stub/stub.js";
import { META } from "../archive/entry.js";
import { checkOpened } from "../engine/read/check.js";
import type { ReadResult } from "../engine/read/read-request.js";
import { withInput } from "../engine/read/open-input.js";
import type { OpenedInput } from "../engine/read/source.js";
import { stubNames } from "../inspect/stub-names.js";
import { chooseThreads } from "../engine/threads.js";
import { decodeManifest } from "../manifest/decode.js";
import type { LayerRecord, Manifest } from "../manifest/manifest.js";
import type { CommonOptions } from "../support/options.js";
import { isFolder, unsignedFolder } from "../inspect/open-environment.js";
import { EnvpackError } from "../support/errors.js";
import { fileFixups } from "../relocate/file-fixups.js";
import { decodeFixups } from "../manifest/fixup-file.js";
import { compareTree, type Difference } from "../inspect/verify/compare.js";
import { repairTree } from "../inspect/verify/repair.js";
import type { SignatureRule } from "../archive/signing/rule.js";
import { describeEvidence, isAbout, requireEvidence, type Evidence, type EvidenceFact } from "../evidence/provenance/evidence.js";
import { refuseEvidence } from "../evidence/provenance/statement.js";
import {
  describeSignature,
  readSignatureRule,
  readVerifyKeys,
  type SignatureFact,
  type SignatureOptions,
} from "../inspect/signature-files.js";
import { assertExpected, parseExpected } from "../evidence/provenance/expect.js";
import { requireAll } from "../evidence/provenance/require.js";
import { inputOf, type RequireOptions } from "./unpack.js";
import { verifyNamed } from "./image/packed-image.js";
import type { RegistryAccess } from "./image/options.js";

export type { Difference };

export interface VerifyOptions extends CommonOptions, SignatureOptions, RequireOptions, RegistryAccess {
  /** An archive, a stream of one, a restored environment, an image's layout, or an image's name on a registry. */
  readonly path: string | Readable;
  /** Of a folder: the archive that it was restored from, to mend what was changed or is missing. */
  readonly repair?: string;
  /** The file of the public key that must have signed the provenance beside an archive, or attached to an image. */
  readonly provenance?: string;
}

export interface VerifyResult {
  readonly kind: "archive" | "folder" | "image";
  /** Whether all is as it was packed. A damaged archive is not reported but thrown. */
  readonly ok: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** Of a folder: what was changed, is missing or was added, sorted by path. */
  readonly differences: readonly Difference[];
  /** With `repair`: what was mended. */
  readonly repaired: readonly Difference[];
  /** Of a layer's archive: what it was made for. */
  readonly layer?: LayerRecord;
  /** Of an archive: whether and by whom it is signed; null: it is not. */
  readonly signature?: SignatureFact | null;
  /** Of an archive: what lies beside it and tells about it. */
  readonly evidence?: readonly EvidenceFact[];
}

/** Checks every byte: of an archive against its own digests, of a folder against its index. */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { path, repair, signal, onProgress } = options;
  const threads = chooseThreads(options.threads);
  const image = typeof path === "string" && repair === undefined ? await verifyNamed(path, options) : null;
  if (image !== null) return image;
  if (typeof path === "string" && (await isFolder(resolve(path)))) {
    if (options.require !== undefined || options.expect !== undefined || options.provenance !== undefined)
      throw new EnvpackError("USAGE", "a folder has nothing beside it that was signed", {
        path,
        hint: "verify the archive that it was restored from",
      });
    return verifyFolder(resolve(path), { ...options, threads });
  }
  if (repair !== undefined) {
    throw new EnvpackError("USAGE", "an archive cannot be repaired", { hint: "name the folder to repair, and its archive after --repair" });
  }
  const file = typeof path === "string" ? path : null;
  const expected = options.expect === undefined ? null : parseExpected(options.expect);
  const keys = options.provenance === undefined ? [] : await readVerifyKeys([options.provenance]);
  const provenance = options.provenance === undefined ? null : await requireProvenance(file, keys);
  const rule = await requireAll(options.require ?? [], file, await readSignatureRule(options, file));
  const { layer, checked } = await withInput(inputOf(path), { signature: rule, signal }, async (opened) => {
    const manifest = readManifest(opened, expected);
    const checked = await checkOpened(opened, { threads, signal, onProgress });
    if (opened.stub !== null) await verifyStub(opened, opened.stub, manifest);
    return { checked, layer: manifest.layer };
  });
  refuseFixups(checked);
  const signature = checked.footer === null ? null : await describeSignature(checked.footer, rule, file);
  const index = checked.footer?.indexSha256 ?? "";
  if (provenance !== null && !isAbout(provenance, index)) throw refuseEvidence("it is about another archive");
  const evidence = file === null ? [] : describeEvidence(file, [...keys, ...(rule?.keys ?? [])], index);
  return {
    kind: "archive",
    ok: true,
    entries: checked.index.entries.length,
    bytes: checked.bytes,
    differences: [],
    repaired: [],
    layer,
    signature,
    evidence,
  };
}

/** Refuses another product or version than is expected before anything more is read. */
function readManifest(opened: OpenedInput, expected: ReturnType<typeof parseExpected> | null): Manifest {
  try {
    const manifest = decodeManifest(opened.start.manifest);
    if (expected !== null) assertExpected(manifest, expected);
    return manifest;
  } catch (error) {
    throw opened.explain(error);
  }
}

async function requireProvenance(file: string | null, keys: SignatureRule["keys"]): Promise<Evidence> {
  if (file === null)
    throw new EnvpackError("USAGE", "a stream has no provenance beside it", {
      hint: "write the archive to a file first, with what came beside it",
    });
  return requireEvidence(resolve(file), "provenance", keys);
}

/** What the script in front of an archive says of it must be so: it goes by that alone. */
async function verifyStub(opened: OpenedInput, stub: StubFields, manifest: Manifest): Promise<void> {
  try {
    checkStubName(stub, stubNames(manifest));
  } catch (error) {
    throw opened.explain(error);
  }
  await opened.checkStub();
}

/** What unpacking would find wrong with the fix-up records. */
function refuseFixups({ index, fixups }: ReadResult): void {
  if (fixups === null) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no fix-up records", { path: META.fixups });
  fileFixups(decodeFixups(fixups), index.entries);
}

async function verifyFolder(folder: string, options: VerifyOptions): Promise<VerifyResult> {
  const { repair, threads, signal, onProgress } = options;
  const signature = await readSignatureRule(options, repair ?? null);
  if (repair !== undefined) {
    const repaired = await repairTree(folder, resolve(repair), { threads, signature, signal, onProgress });
    return { kind: "folder", ok: repaired.differences.length === 0, ...repaired };
  }
  if (signature !== undefined) {
    throw unsignedFolder(folder);
  }
  const compared = await compareTree(folder, { threads, signal, onProgress });
  return { kind: "folder", ok: compared.differences.length === 0, ...compared, repaired: [] };
}
