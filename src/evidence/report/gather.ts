import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { digestEntries } from "../../archive/digest-entries.js";
import { META } from "../../archive/entry.js";
import type { OpenedEnvironment } from "../../inspect/open-environment.js";
import type { SignatureFact } from "../../inspect/signature-files.js";
import { decodeFixups } from "../../manifest/fixup-file.js";
import type { Manifest } from "../../manifest/manifest.js";
import { describeEvidence, readEvidence } from "../provenance/evidence.js";
import { takeInventory, type Inventory } from "../sbom/inventory.js";
import { findTexts } from "../sbom/license-texts.js";
import type { PackedTree } from "../sbom/packed-tree.js";
import type { LicenseFact, SideFacts } from "./facts.js";
import { gatherNatives } from "./natives.js";
import { gatherOwners } from "./owners.js";
import { readProof } from "./proof.js";

/** Gathers what a report tells of one environment: from its manifest, its index, and the files that have to be read. */
export async function gatherFacts(packed: OpenedEnvironment, tree: PackedTree): Promise<SideFacts> {
  const { manifest, index, archive, path } = packed;
  const inventory = await takeInventory(tree, manifest);
  const owners = gatherOwners(index.entries, manifest, inventory);
  const fixups = decodeFixups(await packed.readMeta(META.fixups));
  const count = (...types: readonly string[]): number => index.entries.filter(({ type }) => types.includes(type)).length;
  return {
    ...describeSubject(manifest),
    file: basename(path),
    format: packed.kind === "folder" ? "unpacked" : archive?.stub ? "sh" : index.format,
    digest: digestEntries(index.entries),
    signature: describeSigner(packed.signature),
    bytes: index.totals.bytes,
    archiveBytes: archive === null ? null : (await stat(path)).size,
    files: count("file", "hardlink"),
    links: count("symlink"),
    folders: count("directory"),
    owners: owners.list,
    natives: await gatherNatives(tree, owners.placeOf),
    licenses: await gatherLicenses(tree, inventory),
    fixups: fixups.map((fixup) => ({ path: fixup.path, kind: fixup.kind, places: fixup.places.length })),
    ...gatherBeside(packed),
    notes: inventory.notices.map(({ message, path: where }) => `${where ?? ""}: ${message}`),
  };
}

function describeSubject(
  manifest: Manifest,
): Pick<
  SideFacts,
  "name" | "version" | "kind" | "platform" | "runtime" | "manager" | "createdBy" | "relocation" | "omitted" | "includedSecrets"
> {
  const { name, version, kind, platform, runtime, manager, createdBy, relocation, omitted, includedSecrets } = manifest;
  const libc = platform.glibc === null ? platform.libc : `${platform.libc} ${platform.glibc} or later`;
  return {
    name,
    version,
    kind,
    platform: `${platform.os}-${platform.arch}${libc === null ? "" : `, ${libc}`}`,
    runtime: runtime === null ? null : runtime.version,
    manager: manager === null ? null : `${manager.name}${manager.version === null ? "" : ` ${manager.version}`}`,
    createdBy,
    relocation,
    omitted,
    includedSecrets,
  };
}

function describeSigner(signature: SignatureFact | null): string | null {
  if (signature === null) return null;
  const { fingerprint, fits, trusted } = signature;
  if (!fits) return "the signature beside it is not that of this archive";
  return trusted ? `signed by ${fingerprint}, a key that was named` : `signed by ${fingerprint}; whose key that is was not checked`;
}

async function gatherLicenses(tree: PackedTree, { components }: Inventory): Promise<LicenseFact[]> {
  const licensed = components.filter(({ kind, own }) => !own && (kind === "package" || kind === "runtime"));
  const texts = await findTexts(
    tree,
    licensed.map(({ ref }) => ref),
  );
  return licensed.map(({ name, version, license, ref }) => ({
    name,
    version,
    license: license.text,
    kind: license.kind,
    hasText: (texts.get(ref) ?? []).length > 0,
  }));
}

/** A folder has nothing beside it. */
function gatherBeside({ archive, path, keys }: OpenedEnvironment): Pick<SideFacts, "beside" | "proof"> {
  if (archive === null) return { beside: [], proof: [] };
  const facts = describeEvidence(path, keys, archive.indexSha256);
  const isProved = facts.some(({ kind, fits }) => kind === "proof" && fits);
  const proof = isProved ? readEvidence(path, "proof", keys) : null;
  return {
    beside: facts.map(({ kind, path: file, fits, says, signedBy }) => ({ kind, file: basename(file), fits, says, signedBy })),
    proof: proof === null ? [] : readProof(proof.statement),
  };
}
