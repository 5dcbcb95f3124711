import type { PackOptions, PackResult } from "./pack-result.js";
import type { Signer } from "../../archive/signing/signer.js";
import { formatOf } from "../../archive/formats.js";
import { refuseExisting } from "../../engine/sinks/output.js";
import { EnvpackError } from "../../support/errors.js";
import type { OutputPlan } from "./output.js";
import { fingerprintOf, readSigner, signatureName } from "../../inspect/signature-files.js";

/** Whoever signs, in the archive and beside it. */
export interface SigningKeys {
  readonly sign?: Signer;
  readonly detached?: Signer;
}

/** Read before anything is packed: a key that cannot be used is told at once. */
export async function readKeys(options: PackOptions, place: OutputPlan): Promise<SigningKeys> {
  const { sign, detachSign } = options;
  const { container } = formatOf(place.format);
  if (container === "layers" && detachSign !== undefined)
    throw new EnvpackError("USAGE", "an image's signature is never in it, but attached to it", { hint: "name the key with --sign" });
  if (container !== "layers" && !formatOf(place.format).sign && (sign ?? detachSign) !== undefined) {
    throw new EnvpackError("USAGE", `a ${place.format} bears no signature`, {
      hint: "leave --sign and --detach-sign away, or pack a .tar.zst",
    });
  }
  const key = sign === undefined ? undefined : await readSigner(sign);
  if (detachSign === undefined) return { sign: key };
  if (place.path === null)
    throw new EnvpackError("USAGE", "a stream has no place for a detached signature", {
      hint: "name an output, or sign the archive itself",
    });
  await refuseExisting(signatureName(place.path), replaces(options, place));
  return { sign: key, detached: await readSigner(detachSign) };
}

/** What is named by its content is the same where it exists already. */
export function replaces({ force = false }: PackOptions, { namedByContent }: OutputPlan): boolean {
  return force || namedByContent !== null;
}

/** Fingerprints of those who sign; what signs an image is attached to it. */
export function signersOf({ sign, detached }: SigningKeys): PackResult["signedBy"] {
  return { archive: sign === undefined ? null : fingerprintOf(sign), beside: detached === undefined ? null : fingerprintOf(detached) };
}
