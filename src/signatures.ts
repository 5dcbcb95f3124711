import type { KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseSigningKey, parseVerifyKeys } from "./archive/signing/key-file.js";
import type { SignatureRule } from "./archive/signing/rule.js";
import { decodeDetached, encodeDetached, signBytes, type Signature } from "./archive/signing/signature.js";
import { openOutput } from "./engine/output.js";
import { EnvpackError, explainError } from "./errors.js";

/** Whose signature an archive must bear, as the commands are told. */
export interface SignatureOptions {
  /** Files of public keys: an archive that none of them signed is refused. */
  readonly verifyKeys?: readonly string[];
  /** The file of a detached signature; by default the archive's name with `.sig` behind it, where there is one. */
  readonly signature?: string;
}

/** @throws EnvpackError USAGE where the file holds no key that can be used */
export async function readSigningKey(path: string): Promise<KeyObject> {
  return parseNamed(path, await readText(path, "cannot read the key"), parseSigningKey);
}

/**
 * Reads keys and detached signature.
 *
 * @param archive null for a stream
 * @returns undefined where no key is named: then no signature is asked for
 */
export async function readSignatureRule({ verifyKeys, signature }: SignatureOptions, archive: string | null): Promise<SignatureRule | undefined> {
  if (verifyKeys === undefined || verifyKeys.length === 0) {
    if (signature === undefined) return undefined;
    throw new EnvpackError("USAGE", "a signature was named, but no key", { hint: "name the signer's public key" });
  }
  const keys: Buffer[] = [];
  for (const path of verifyKeys) keys.push(...parseNamed(path, await readText(path, "cannot read the key"), parseVerifyKeys));
  return { keys, detached: await readDetached(signature, archive) };
}

async function readDetached(signature: string | undefined, archive: string | null): Promise<Signature | null> {
  const path = signature ?? (archive === null ? null : signatureName(archive));
  if (path === null) return null;
  try {
    return parseNamed(path, await readText(path, "cannot read the signature"), decodeDetached);
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (signature === undefined && cause?.code === "ENOENT") return null;
    throw error;
  }
}

/** Where an archive's detached signature lies. */
export function signatureName(archive: string): string {
  return `${archive}.sig`;
}

/** Keys and signatures are short; of anything else that was named only so much is read. */
const LIMIT = 1 << 20;

async function readText(path: string, doing: string): Promise<string> {
  try {
    return (await readFile(path)).toString("latin1", 0, LIMIT);
  } catch (error) {
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
export async function writeSignature(path: string, signed: Uint8Array, key: KeyObject, force: boolean): Promise<void> {
  const sink = await openOutput(path, { force });
  try {
    await sink.write(Buffer.from(encodeDetached(signBytes(signed, key))));
    await sink.commit();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
