import { agentSigner } from "../archive/signing/agent.js";
import { lockedKeyOf, parseSigningKey, parseVerifyKeys } from "../archive/signing/key-file.js";
import { fingerprint } from "../archive/signing/openssh.js";
import type { SignatureRule } from "../archive/signing/rule.js";
import { decodeDetached, encodeDetached, fits, type Signature } from "../archive/signing/signature.js";
import { signerOf, type Signer } from "../archive/signing/signer.js";
import { keygenSigner } from "../archive/signing/ssh-keygen.js";
import { readShortFile } from "../support/read-text.js";
import { TextRefused } from "../support/read-text.js";
import { signedPart, type Footer } from "../archive/footer.js";
import { writeWhole } from "../engine/sinks/output.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { append } from "../support/append.js";

/** Whose signature an archive must bear, as the commands are told. */
export interface SignatureOptions {
  /** Files of public keys: an archive that none of them signed is refused. */
  readonly verifyKeys?: readonly string[];
  /** The file of a detached signature; by default the archive's name with `.sig` behind it, where there is one. */
  readonly signature?: string;
}

/**
 * Whoever signs with the key in a file: this process, where nothing protects it. For an OpenSSH key with a passphrase, and
 * for a public one, the user's ssh-agent does, where it holds the key; else ssh-keygen, which asks for the passphrase.
 *
 * @throws EnvpackError USAGE where the file holds no key that can be used
 */
export async function readSigner(path: string): Promise<Signer> {
  const text = await readText(path, "cannot read the key");
  const locked = parseNamed(path, text, lockedKeyOf);
  if (locked === null) return signerOf(parseNamed(path, text, parseSigningKey), text.includes("BEGIN OPENSSH PRIVATE KEY"));
  const agent = await agentSigner(locked.publicKey);
  if (agent !== null) return agent;
  if (!locked.hasPrivate)
    throw new EnvpackError("USAGE", "the key is a public one, and no ssh-agent holds the private one", {
      path,
      hint: "let the agent hold it (`ssh-add KEY`), or name the private key",
    });
  return keygenSigner(path, locked.publicKey);
}

/**
 * Reads keys and detached signature.
 *
 * @param archive null for a stream
 * @returns undefined where no key is named: then no signature is asked for
 */
export async function readSignatureRule(
  { verifyKeys, signature }: SignatureOptions,
  archive: string | null,
): Promise<SignatureRule | undefined> {
  if (verifyKeys === undefined || verifyKeys.length === 0) {
    if (signature === undefined) return undefined;
    throw new EnvpackError("USAGE", "a signature was named, but no key", { hint: "name the signer's public key" });
  }
  return { keys: await readVerifyKeys(verifyKeys), detached: await readDetached(signature, archive) };
}

/** The public keys in files. */
export async function readVerifyKeys(paths: readonly string[]): Promise<SignatureRule["keys"]> {
  const keys: SignatureRule["keys"][number][] = [];
  for (const path of paths) append(keys, parseNamed(path, await readText(path, "cannot read the key"), parseVerifyKeys));
  return keys;
}

async function readDetached(signature: string | undefined, archive: string | null): Promise<Signature | null> {
  const path = signature ?? (archive === null ? null : signatureName(archive));
  if (path === null) return null;
  try {
    return parseNamed(path, await readText(path, SIGNATURE), decodeDetached);
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (signature === undefined && cause?.code === "ENOENT") return null;
    throw error;
  }
}

/** Whether and by whom an archive is signed. */
export interface SignatureFact {
  /** Of the key, as `ssh-keygen -lf KEY.pub` shows it: "SHA256:…". */
  readonly fingerprint: string;
  /** The comment behind the key in the file that was named to check it by. */
  readonly comment: string | null;
  /** In the archive's last bytes, in a file of its own beside it, or attached to an image. */
  readonly place: "archive" | "beside" | "attached";
  /** Whether it is that of this archive; of one in the archive always. */
  readonly fits: boolean;
  /** Whether the key is one of those that were named; without them whoever has any key can sign. */
  readonly trusted: boolean;
}

/**
 * Tells of an archive's signature: the one that a named key made, else the one in it, else the one beside it.
 *
 * @param rule what was asked for and is met; undefined: nothing was
 * @param archive its path; null for a stream
 */
export async function describeSignature(
  footer: Footer,
  rule: SignatureRule | undefined,
  archive: string | null,
): Promise<SignatureFact | null> {
  const detached = rule === undefined ? await readDetached(undefined, archive).catch(() => null) : rule.detached;
  const found = [
    footer.signature === null ? null : { signature: footer.signature, place: "archive" as const },
    detached === null ? null : { signature: detached, place: "beside" as const },
  ];
  const facts = found
    .filter((one) => one !== null)
    .map(({ signature, place }) => {
      const key = rule?.keys.find(({ publicKey }) => publicKey.equals(signature.publicKey));
      const isFit = fits(signature, signedPart(footer));
      return {
        fingerprint: fingerprint(signature.publicKey),
        comment: key?.comment ?? null,
        place,
        fits: isFit,
        trusted: isFit && key !== undefined,
      };
    });
  return facts.find(({ trusted }) => trusted) ?? facts[0] ?? null;
}

/** The fingerprint of the key that an archive is signed with. */
export function fingerprintOf({ publicKey }: Signer): string {
  return fingerprint(publicKey);
}

/** Where an archive's detached signature lies. */
export function signatureName(archive: string): string {
  return `${archive}.sig`;
}

/** Bytes: keys and signatures are short. */
const LIMIT = 1 << 20;
const SIGNATURE = "cannot read the signature";

async function readText(path: string, doing: string): Promise<string> {
  try {
    // A shell's <(command) is a pipe that is named below /dev/fd.
    return readShortFile(path, LIMIT, path.startsWith("/dev/fd/") || path.startsWith("/proc/self/fd/")).toString("utf8");
  } catch (error) {
    if (error instanceof TextRefused && doing === SIGNATURE)
      throw new EnvpackError("SIGNATURE_INVALID", "not a signature that envpack made", { path, cause: error });
    throw explainError(error, doing, path);
  }
}

function parseNamed<T>(path: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof EnvpackError)) throw error;
    throw new EnvpackError(error.code, error.message, { path, hint: error.hint, cause: error.cause });
  }
}

/** Writes a detached signature. */
export async function writeSignature(path: string, signed: Uint8Array, signer: Signer, force: boolean): Promise<void> {
  await writeWhole(path, Buffer.from(encodeDetached(await signer.sign(signed, "plain"))), force);
}
