import type { Command } from "commander";
import { infoText } from "../info-text.js";
import { registryOptionList, registryOptions, type RegistryFlags } from "../image-options.js";
import { addSignatureOptions, fileOrOwn, jsonOption, signatureOptions, type SignatureFlags } from "../options.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags, RegistryFlags {
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** `envpack info X` */
export function addInfo(program: Command, session: Session): void {
  const command = program
    .command("info")
    .summary("tell what an archive or an environment is")
    .description("Tells what X is: name, platform, runtime, packages, sizes, and whether this machine can run it.")
    .argument("[x]", "an archive, an unpacked environment, or an image: a layout, or HOST/REPOSITORY:TAG")
    .option("--verify", "of an environment: read every file too, and tell what is not as packed");
  for (const option of registryOptionList()) command.addOption(option);
  addSignatureOptions(command)
    .addOption(jsonOption())
    .action((path: string | undefined, flags: Flags) => describe(session, flags, path));
}

async function describe(session: Session, flags: Flags, path: string | undefined): Promise<void> {
  const { info } = await import("../../verbs/info.js");
  const facts = await info({
    path: fileOrOwn(path, session),
    ...signatureOptions(flags),
    ...registryOptions(flags),
    verify: flags.verify,
    signal: session.interrupts.catch(),
  });
  if (flags.json) await session.writeJson("info", facts);
  else await session.writeData(`${infoText(facts)}\n`);
}
