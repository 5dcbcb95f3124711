import type { Command } from "commander";
import type { Entry } from "../../index.js";
import { escapedJson } from "../escape.js";
import { escapeText } from "../../support/unsafe-text.js";
import { SCHEMA_VERSION } from "../json-shapes.js";
import { notes } from "../help.js";
import { registryOptionList, registryOptions, type RegistryFlags } from "../image-options.js";
import { addSignatureOptions, fileOrOwn, jsonOption, signatureOptions, type SignatureFlags } from "../options.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags, RegistryFlags {
  readonly long?: boolean;
  readonly json?: boolean;
}

/** Lines are written in batches of so many: one at a time is slow, all at once takes memory. */
const BATCH = 1000;

const EXAMPLES = `
Names are escaped so that they are safe to show; scripts read the exact ones from --json.

Examples:
  envpack list shop.tar.zst
  envpack list --json shop.tar.zst | jq -r '.entries[] | select(.size > 1e6) | .path'`;

/** `envpack list X` */
export function addList(program: Command, session: Session): void {
  const command = program
    .command("list")
    .summary("list what an archive or an environment holds")
    .description("Lists the entries of X, an archive or an unpacked environment, from its index.")
    .argument("[x]", "an archive, an unpacked environment, or an image: a layout, or HOST/REPOSITORY:TAG")
    .option("-l, --long", "show kinds and sizes too");
  for (const option of registryOptionList()) command.addOption(option);
  addSignatureOptions(command)
    .addOption(jsonOption())
    .addHelpText("after", notes(EXAMPLES))
    .action((path: string | undefined, flags: Flags) => listEntries(session, flags, path));
}

async function listEntries(session: Session, flags: Flags, path: string | undefined): Promise<void> {
  const { list } = await import("../../verbs/list.js");
  const entries = await list({
    path: fileOrOwn(path, session),
    ...signatureOptions(flags),
    ...registryOptions(flags),
    signal: session.interrupts.catch(),
  });
  if (entries.some(({ path }) => path === ".envpack/layer"))
    session.say("this is a layer: it holds what differs from its base, see `envpack info`");
  const lines = flags.json ? jsonLines(entries) : entries.map(flags.long ? longLine : shortLine);
  for (let at = 0; at < lines.length; at += BATCH) {
    const goOn = await session.writeData(`${lines.slice(at, at + BATCH).join("\n")}\n`);
    if (!goOn) return;
  }
}

/** The shape "list" of docs/json.md, an entry a line. */
function jsonLines(entries: readonly Entry[]): string[] {
  return [
    `{"schemaVersion":${SCHEMA_VERSION},"entries":[`,
    ...entries.map((entry, at) => escapedJson(entry) + (at === entries.length - 1 ? "" : ",")),
    "]}",
  ];
}

function shortLine(entry: Entry): string {
  const path = escapeText(entry.path);
  if (entry.type === "directory") return `${path}/`;
  return entry.type === "file" ? path : `${path} ${entry.type === "symlink" ? "->" : "=>"} ${escapeText(entry.target)}`;
}

function longLine(entry: Entry): string {
  const size = entry.type === "file" ? String(entry.size) : "";
  return `${kindOf(entry)} ${size.padStart(11)} ${shortLine(entry)}`;
}

function kindOf(entry: Entry): string {
  if (entry.type === "file") return entry.executable ? "-rwx" : "-rw-";
  return { directory: "drwx", symlink: "l---", hardlink: "h---" }[entry.type];
}
