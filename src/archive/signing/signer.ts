import { createPublicKey, type KeyObject } from "node:crypto";
import { rawPublicKey, signBytes, type Signature } from "./signature.js";
import { sshSigned } from "./sshsig.js";

/**
 * How bytes are signed: "plain" is Ed25519 over themselves, "ssh" over what `ssh-keygen -Y sign` signs for them. Whoever
 * checks a signature takes both.
 */
export type SignatureForm = "plain" | "ssh";

/** Whatever holds a private Ed25519 key: this process, an agent, ssh-keygen. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Buffer;
  /** Whether the key is OpenSSH's, so that those who have it check signatures by `ssh-keygen -Y verify`. */
  readonly openssh: boolean;
  /**
   * @param form what is wanted; ssh-keygen makes its own form only
   * @throws EnvpackError COMMAND_FAILED where an agent or ssh-keygen refuses
   */
  readonly sign: (bytes: Uint8Array, form: SignatureForm) => Promise<Signature & { readonly form: SignatureForm }>;
}

/** A key that this process has read. */
export function signerOf(key: KeyObject, openssh: boolean): Signer {
  return {
    publicKey: Buffer.from(rawPublicKey(createPublicKey(key))),
    openssh,
    sign: async (bytes, form) => ({ ...signBytes(form === "ssh" ? sshSigned(bytes) : bytes, key), form }),
  };
}
