import { VERSION } from "../../support/version.js";
import type { Component } from "./component.js";
import type { Inventory } from "./inventory.js";
import type { License } from "./license.js";
import type { Stamp } from "./stamp.js";
import { sha256Of } from "../../support/digest.js";

const UNKNOWN = "NOASSERTION";
const DOCUMENT = "SPDXRef-DOCUMENT";
const PURPOSES = { application: "APPLICATION", package: "LIBRARY", runtime: "APPLICATION", library: "LIBRARY", part: "LIBRARY" } as const;

/** A bill of materials of SPDX 2.3 (ISO/IEC 5962, spdx.github.io/spdx-spec/v2.3). */
export function makeSpdx({ root, components }: Inventory, { serial, timestamp }: Stamp): object {
  const all = [root, ...components];
  const extracted = new Map(
    all.filter(({ license }) => license.kind === "unclear").map(({ license }) => [licenseRef(String(license.text)), String(license.text)]),
  );
  const dependencies = all.flatMap(({ ref, dependsOn }) =>
    dependsOn.map((other) => ({ spdxElementId: idOf(ref), relationshipType: "DEPENDS_ON", relatedSpdxElement: idOf(other) })),
  );
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: DOCUMENT,
    name: root.version === null ? root.name : `${root.name}@${root.version}`,
    documentNamespace: `urn:uuid:${serial}`,
    creationInfo: { created: timestamp, creators: [`Tool: envpack-${VERSION}`] },
    documentDescribes: [idOf(root.ref)],
    packages: all.map(describe),
    ...(extracted.size === 0
      ? {}
      : { hasExtractedLicensingInfos: [...extracted].map(([licenseId, text]) => ({ licenseId, extractedText: text, name: text })) }),
    relationships: [{ spdxElementId: DOCUMENT, relationshipType: "DESCRIBES", relatedSpdxElement: idOf(root.ref) }, ...dependencies],
  };
}

function describe({ kind, ref, name, version, purl, cpe, license, hashes, source, soname }: Component): object {
  const externalRefs = [
    ...(purl === null ? [] : [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl }]),
    ...(cpe === null ? [] : [{ referenceCategory: "SECURITY", referenceType: "cpe23Type", referenceLocator: cpe }]),
  ];
  return {
    SPDXID: idOf(ref),
    name,
    ...(version === null ? {} : { versionInfo: version }),
    primaryPackagePurpose: PURPOSES[kind],
    downloadLocation: source ?? UNKNOWN,
    filesAnalyzed: false,
    sourceInfo: `packed at ${ref.split("#", 1)[0]}${soname === null ? "" : `, soname ${soname}`}`,
    licenseConcluded: UNKNOWN,
    licenseDeclared: licenseOf(license),
    copyrightText: UNKNOWN,
    ...(hashes.length === 0
      ? {}
      : { checksums: hashes.map(({ algorithm, hex }) => ({ algorithm: algorithm.replace("-", ""), checksumValue: hex })) }),
    ...(externalRefs.length === 0 ? {} : { externalRefs }),
  };
}

/** A name that SPDX takes: letters, digits, "." and "-". What says the same then is told apart by a digest. */
function idOf(ref: string): string {
  const plain = ref.replaceAll(/[^A-Za-z0-9.-]+/g, "-");
  return `SPDXRef-${plain}-${sha256Of(ref).slice(0, 8)}`;
}

function licenseOf(license: License): string {
  if (license.kind === "missing") return UNKNOWN;
  return license.kind === "spdx" ? license.text : licenseRef(license.text);
}

function licenseRef(text: string): string {
  return `LicenseRef-${text.replaceAll(/[^A-Za-z0-9.-]+/g, "-").slice(0, 60)}-${sha256Of(text).slice(0, 8)}`;
}
