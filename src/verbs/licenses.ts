import { posix, resolve } from "node:path";
import { refuseExisting } from "../engine/sinks/output.js";
import type { SignatureOptions } from "../inspect/signature-files.js";
import type { Component } from "../evidence/sbom/component.js";
import { takeInventory } from "../evidence/sbom/inventory.js";
import { makeJudge, type LicensePolicy } from "../evidence/sbom/license-policy.js";
import { findTexts, writeNotices } from "../evidence/sbom/license-texts.js";
import { withPackedTree } from "../evidence/sbom/open-tree.js";
import type { CommonOptions } from "../support/options.js";
import type { Notice } from "../support/progress.js";
import { writeWhole } from "../engine/sinks/output.js";

export interface LicensesOptions extends CommonOptions, SignatureOptions, LicensePolicy {
  /** An archive, or a restored environment. */
  readonly path: string;
  /** A file to write all licence texts to, whole or not at all. */
  readonly texts?: string;
  /** Replaces an existing file of texts. */
  readonly force?: boolean;
}

export interface LicensesResult {
  /** Whether all licences are taken: with neither `allow` nor `deny` they are. */
  readonly ok: boolean;
  /** By path. What is the project's own is not among them. */
  readonly packages: readonly LicensedPackage[];
  /** The file of texts, absolute; null where none was named. */
  readonly texts: string | null;
  readonly notices: readonly Notice[];
}

export interface LicensedPackage {
  readonly name: string;
  readonly version: string | null;
  /** In the environment. */
  readonly path: string;
  /** As its package.json says it; null where it says nothing. */
  readonly license: string | null;
  /** "spdx": an expression that SPDX knows; "unclear": something else; "missing": nothing. */
  readonly kind: "spdx" | "unclear" | "missing";
  /** Arcpaths of the files with its licence, copyright and notices. */
  readonly files: readonly string[];
  /** Why its licence is not taken; null where it is. */
  readonly refused: string | null;
}

/** Tells under which licences what is packed is, and which of them are not taken. */
export async function licenses({ path, texts, force = false, allow, deny, ...options }: LicensesOptions): Promise<LicensesResult> {
  const judge = makeJudge({ allow, deny });
  const file = texts === undefined ? null : resolve(texts);
  if (file !== null) await refuseExisting(file, force);
  const { result, notices } = await withPackedTree(path, options, async ({ manifest }, tree) => {
    const { components, notices } = await takeInventory(tree, manifest);
    const licensed = components.filter(({ kind, own }) => !own && (kind === "package" || kind === "runtime"));
    const found = await findTexts(
      tree,
      licensed.map(({ ref }) => ref),
    );
    const packages = licensed.map((one): LicensedPackage => ({
      ...describe(one),
      files: found.get(one.ref) ?? [],
      refused: judge(one.license),
    }));
    if (file !== null) await writeWhole(file, await writeNotices(tree, packages), force);
    return { result: packages, notices };
  });
  return { ok: result.every(({ refused }) => refused === null), packages: result, texts: file, notices };
}

function describe({ name, version, ref, license }: Component): Omit<LicensedPackage, "files" | "refused"> {
  return { name, version, path: posix.normalize(ref), license: license.text, kind: license.kind };
}
