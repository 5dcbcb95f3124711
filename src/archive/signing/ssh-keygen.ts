import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { EnvpackError } from "../../support/errors.js";
import type { Signer } from "./signer.js";
import { decodeSshSignature, NAMESPACE, unarmorSsh } from "./sshsig.js";

/** How often a passphrase may be wrong. */
const TRIES = 3;

/**
 * A signer that lets ssh-keygen read a key file, which asks for its passphrase on the terminal.
 *
 * @param path of the private key
 * @throws EnvpackError USAGE where there is neither a terminal nor a program that asks
 */
export function keygenSigner(path: string, publicKey: Buffer): Signer {
  if (!canAsk()) {
    throw new EnvpackError(
      "USAGE",
      "the key is protected by a passphrase, and there is neither an agent that holds it nor a terminal to ask for it",
      { path, hint: "let an agent hold it: `eval $(ssh-agent)`, `ssh-add KEY`" },
    );
  }
  return {
    publicKey,
    openssh: true,
    sign: async (bytes) => {
      for (let tries = 1; ; tries++) {
        const { status, output, errors } = await start(path, bytes);
        const found = decodeSshSignature(unarmorSsh(output) ?? Buffer.alloc(0));
        if (status === 0 && found?.publicKey.equals(publicKey) === true && found.hash === "sha512")
          return { publicKey, value: found.value, form: "ssh" };
        if (!/incorrect passphrase/i.test(errors) || tries === TRIES)
          throw new EnvpackError("COMMAND_FAILED", `ssh-keygen did not sign${firstLine(errors)}`, {
            path,
            hint: "try it by itself: `ssh-keygen -Y sign -n envpack -f KEY FILE`",
          });
      }
    },
  };
}

function firstLine(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line === "" ? "" : `: ${line.slice(0, 200)}`;
}

/** ssh-keygen asks on the process's terminal, or by the program that SSH_ASKPASS names. */
function canAsk(): boolean {
  const { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: required, DISPLAY: display } = process.env;
  if (program !== undefined && (required === "force" || required === "prefer" || display !== undefined)) return true;
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

async function start(
  path: string,
  message: Uint8Array,
): Promise<{ readonly status: number | null; readonly output: string; readonly errors: string }> {
  return new Promise((settle, fail) => {
    const child = spawn("ssh-keygen", ["-q", "-Y", "sign", "-n", NAMESPACE, "-f", path], { stdio: ["pipe", "pipe", "pipe"] });
    const texts = ["", ""];
    child.stdout.on("data", (piece: Buffer) => (texts[0] += piece.toString("latin1")));
    child.stderr.on("data", (piece: Buffer) => (texts[1] += piece.toString("utf8")));
    child.stdin.on("error", () => undefined);
    child.on("error", (cause) =>
      fail(
        new EnvpackError("COMMAND_FAILED", "there is no ssh-keygen here, which reads a key with a passphrase", {
          path,
          hint: "install OpenSSH's client, or let an agent hold the key",
          cause,
        }),
      ),
    );
    child.on("close", (status) => settle({ status, output: texts[0] ?? "", errors: texts[1] ?? "" }));
    child.stdin.end(message);
  });
}
