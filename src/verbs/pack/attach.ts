import type { PlannedFile } from "../../archive/entry.js";
import { signImage } from "../../image/signature.js";
import type { Attachment } from "../../image/oci/artifact.js";
import { DSSE_ENVELOPE } from "../../image/oci/documents.js";
import { PREDICATES } from "../../evidence/provenance/statement.js";
import type { SbomFormat } from "../../evidence/sbom/documents.js";
import type { Attaching } from "../image/image-job.js";
import type { SigningKeys } from "./keys.js";
import type { PackOptions } from "./pack-result.js";
import type { Prepared } from "./prepare.js";
import { sealProvenance, type Origin } from "./provenance.js";

/** Media types of bills of materials, and the names that they are saved by. */
const BILLS: Readonly<Record<SbomFormat, readonly [type: string, title: string]>> = {
  cyclonedx: ["application/vnd.cyclonedx+json", "sbom.cdx.json"],
  spdx: ["application/spdx+json", "sbom.spdx.json"],
};

/** What is attached to the image of one platform: its bill of materials, and what it was made from. */
export async function attachEvidence(
  options: PackOptions,
  { environment, preview, bill }: Prepared,
  { keys, origin, last }: { readonly keys: SigningKeys; readonly origin: Origin | null; readonly last: PlannedFile | null },
  { descriptor, name, indexSha256 }: Parameters<Attaching>[0],
): Promise<Attachment[]> {
  const attachments: Attachment[] = [];
  if (bill !== null && last?.source.kind === "bytes") {
    const [type, title] = BILLS[bill.format];
    attachments.push({ type, title, bytes: last.source.bytes });
  }
  if (origin === null || keys.sign === undefined) return attachments;
  const bytes = await sealProvenance(name, {
    ...{ options, environment, origin, format: preview.format, signer: keys.sign },
    digests: { sha256: descriptor.digest.replace("sha256:", ""), indexSha256 },
  });
  attachments.push({ type: DSSE_ENVELOPE, title: "provenance.json", bytes, annotations: { predicateType: PREDICATES.provenance } });
  return attachments;
}

/** What is attached to the whole: the signature. */
export function attachSignature({ sign }: SigningKeys): Attaching {
  return async ({ descriptor, name }) => (sign === undefined ? [] : [await signImage(descriptor.digest, name, sign)]);
}
