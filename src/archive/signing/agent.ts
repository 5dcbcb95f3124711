import { connect } from "node:net";
import { EnvpackError } from "../../support/errors.js";
import { publicBlob } from "./openssh.js";
import type { Signer } from "./signer.js";
import { SIGNATURE_BYTES } from "./signature.js";
import { sshSigned } from "./sshsig.js";
import { encodeStrings, Strings } from "./strings.js";

/* ssh-agent's protocol. Source: draft-ietf-sshm-ssh-agent, sections 3 and 6; lengths are big-endian. */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Bytes of an answer, as OpenSSH's own client takes them, and milliseconds to wait: an agent may ask its user. */
const MAX_ANSWER = 256 << 10;
const PATIENCE = 120_000;

/**
 * A signer that asks the user's ssh-agent, if it holds the key; null: there is no agent, or it does not.
 *
 * @param socket SSH_AUTH_SOCK
 */
export async function agentSigner(publicKey: Buffer, socket: string | undefined = process.env.SSH_AUTH_SOCK): Promise<Signer | null> {
  if (socket === undefined || socket === "") return null;
  const blob = publicBlob(publicKey);
  const answer = await ask(socket, Buffer.from([REQUEST_IDENTITIES])).catch(() => null);
  if (answer === null || answer[0] !== IDENTITIES_ANSWER || !holds(answer, blob)) return null;
  return {
    publicKey,
    openssh: true,
    sign: async (bytes, form) => ({
      publicKey,
      form,
      value: await signBy(socket, blob, form === "ssh" ? sshSigned(bytes) : Buffer.from(bytes)),
    }),
  };
}

function holds(answer: Buffer, blob: Buffer): boolean {
  const strings = new Strings(answer, 1);
  const count = strings.uint32();
  for (let at = 0; at < count && !strings.atEnd; at++) {
    if (strings.next().equals(blob)) return true;
    strings.next();
  }
  return false;
}

async function signBy(socket: string, blob: Buffer, bytes: Buffer): Promise<Buffer> {
  const request = Buffer.concat([Buffer.from([SIGN_REQUEST]), encodeStrings(blob, bytes), Buffer.alloc(4)]);
  const answer = await ask(socket, request).catch((cause: unknown) => {
    throw refuse(cause);
  });
  if (answer[0] !== SIGN_RESPONSE) throw refuse();
  const signature = new Strings(new Strings(answer, 1).next(), 0);
  const type = signature.text();
  const value = signature.next();
  if (type !== "ssh-ed25519" || value.length !== SIGNATURE_BYTES) throw refuse();
  return value;
}

function refuse(cause?: unknown): EnvpackError {
  return new EnvpackError("COMMAND_FAILED", "the ssh-agent did not sign", { hint: "look at it: `ssh-add -l`", cause });
}

/** One question and its answer, each with its length before it. */
async function ask(socket: string, message: Buffer): Promise<Buffer> {
  return new Promise((settle, fail) => {
    const connection = connect(socket);
    let got = Buffer.alloc(0);
    connection.setTimeout(PATIENCE, () => connection.destroy(new Error("no answer")));
    connection.on("error", fail);
    connection.on("close", () => fail(new Error("closed")));
    connection.on("connect", () => connection.write(encodeStrings(message)));
    connection.on("data", (piece) => {
      got = Buffer.concat([got, piece]);
      const length = got.length < 4 ? 0 : got.readUInt32BE(0);
      if (length > MAX_ANSWER) connection.destroy(new Error("too long an answer"));
      else if (got.length >= 4 && got.length >= 4 + length) {
        settle(got.subarray(4, 4 + length));
        connection.destroy();
      }
    });
  });
}
