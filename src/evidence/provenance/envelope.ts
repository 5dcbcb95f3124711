import { fingerprint, type OpensshKey } from "../../archive/signing/openssh.js";
import { fits, SIGNATURE_BYTES } from "../../archive/signing/signature.js";
import type { Signer } from "../../archive/signing/signer.js";
import { decodeSshSignature, encodeSshSignature, sshSigned } from "../../archive/signing/sshsig.js";
import { refuseEvidence } from "./statement.js";

/*
 * DSSE envelopes. Source: secure-systems-lab/dsse, envelope.md and protocol.md. The signature of an OpenSSH key is what
 * `ssh-keygen -Y sign -n envpack` makes, decoded from its armor; that of another key is Ed25519's 64 bytes.
 */
const PAYLOAD_TYPE = "application/vnd.in-toto+json";

interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** What is signed of a payload: DSSE's pre-authentication encoding. */
export function preAuthEncoding(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]);
}

/** An envelope as JSON, in one line. */
export async function sealEnvelope(payload: Buffer, signer: Signer): Promise<string> {
  const { publicKey, value, form } = await signer.sign(preAuthEncoding(payload), signer.openssh ? "ssh" : "plain");
  const sig = form === "ssh" ? encodeSshSignature({ publicKey, value, hash: "sha512" }) : value;
  const envelope: Envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString("base64"),
    signatures: [{ keyid: fingerprint(publicKey), sig: sig.toString("base64") }],
  };
  return `${JSON.stringify(envelope)}\n`;
}

/** An envelope's content, and who signed it as far as the keys tell. */
export interface OpenedEnvelope {
  readonly payload: Buffer;
  /** The key among those that were named whose signature fits; null: none. */
  readonly signedBy: OpensshKey | null;
  /** What the envelope says of its signers: anybody can write that. */
  readonly claimed: readonly string[];
}

/** @returns null where the text is no envelope, as a statement that nobody signed */
export function openEnvelope(text: string, keys: readonly OpensshKey[]): OpenedEnvelope | null {
  const value = parse(text);
  if (typeof value !== "object" || value === null || !("payload" in value)) return null;
  const { payloadType, payload, signatures } = value as { [K in keyof Envelope]?: unknown };
  if (payloadType !== PAYLOAD_TYPE || typeof payload !== "string" || !Array.isArray(signatures) || signatures.length === 0)
    throw refuseEvidence("its envelope is not one of in-toto");
  const bytes = Buffer.from(payload, "base64");
  if (bytes.toString("base64") !== payload) throw refuseEvidence("its envelope is damaged");
  const pairs = (signatures as { keyid?: unknown; sig?: unknown }[]).slice(0, MAX_SIGNATURES);
  const signed = preAuthEncoding(bytes);
  const signedBy =
    keys.find((key) => pairs.some(({ sig }) => typeof sig === "string" && isSignedBy(signed, Buffer.from(sig, "base64"), key))) ?? null;
  return { payload: bytes, signedBy, claimed: pairs.map(({ keyid }) => keyid).filter((keyid) => typeof keyid === "string") };
}

const MAX_SIGNATURES = 16;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuseEvidence("it is no JSON", cause);
  }
}

function isSignedBy(bytes: Buffer, sig: Buffer, { publicKey }: OpensshKey): boolean {
  if (sig.length === SIGNATURE_BYTES) return fits({ publicKey, value: sig }, bytes);
  const ssh = decodeSshSignature(sig);
  // `fits` takes the form of sha512 by itself.
  return (
    ssh?.publicKey.equals(publicKey) === true &&
    (ssh.hash === "sha512"
      ? fits({ publicKey, value: ssh.value }, bytes)
      : fits({ publicKey, value: ssh.value }, sshSigned(bytes, ssh.hash)))
  );
}
