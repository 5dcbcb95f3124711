import { existsSync } from "node:fs";
import { Option, type Command } from "commander";
import type { DeliverRegistryResult } from "../../verbs/deliver/registry.js";
import { imageOptionList, imageOptions, type ImageFlags } from "../image-options.js";
import { pushedLines } from "../image-text.js";
import { noticeLines } from "../left-out-text.js";
import { notes } from "../help.js";
import { collect, jsonOption, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";

interface Flags extends ImageFlags {
  readonly to: readonly string[];
  readonly sign?: string;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
Layers that are there are not sent; those of another repository of the same registry are mounted from
there. The tag moves last. Logins are those of docker and podman (config.json, auth.json, credential
helpers); certificates of a private authority lie in ~/.docker/certs.d/HOST:PORT/ca.crt. HTTPS_PROXY and
NO_PROXY are obeyed. Each name with its digest is printed on stdout.

Examples:
  envpack deliver registry shop.oci.tar --to ghcr.io/acme/shop:1.4.0
  envpack deliver registry shop-x64.oci.tar shop-arm64.oci.tar --to ghcr.io/acme/shop:1.4.0
  envpack deliver registry shop.tar.gz --base gcr.io/distroless/cc-debian12 --to ghcr.io/acme/shop:1.4.0`;

/** `envpack deliver registry IMAGE... --to HOST/REPOSITORY:TAG` */
export function addDeliverRegistry(deliver: Command, session: Session): void {
  const command = deliver
    .command("registry")
    .summary("push it to a registry of container images, without docker")
    .description("Pushes image layouts, or images made of archives, to a registry: several become one for their platforms.")
    .argument("<source...>", "image layouts (x.oci.tar, x.oci/) or archives")
    .addOption(new Option("--to <reference>", "HOST[:PORT]/REPOSITORY[:TAG] (repeatable)").argParser(collect).makeOptionMandatory());
  for (const option of imageOptionList()) command.addOption(option);
  command
    .option("--sign <key>", "attach signatures to the image, by an Ed25519 private key (PEM or OpenSSH)")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((sources: string[], flags: Flags) => push(session, flags, sources));
}

async function push(session: Session, flags: Flags, sources: readonly string[]): Promise<void> {
  const { deliverRegistry } = await import("../../verbs/deliver/registry.js");
  const began = performance.now();
  const result: DeliverRegistryResult = await withProgress(session, flags.quiet, (onProgress) =>
    deliverRegistry({
      sources: sources.flatMap(splitSources),
      to: flags.to,
      sign: flags.sign,
      image: imageOptions(flags, undefined),
      threads: flags.nThreads,
      signal: session.interrupts.catch(),
      onProgress,
    }),
  );
  if (flags.json) return session.writeJson("deliver registry", { ...result, seconds: (performance.now() - began) / 1000 });
  if (!flags.quiet) session.say([...pushedLines(result.pushed), ...noticeLines(result.notices)].join("\n"));
  await session.writeData(`${result.pushed.map(({ pinned }) => pinned).join("\n")}\n`);
}

/** Several may stand in one word, with commas between them; a path may hold a comma as well. */
function splitSources(word: string): readonly string[] {
  return existsSync(word) ? [word] : word.split(",").filter((one) => one !== "");
}
