import { basename, join, posix } from "node:path";
import { listTree } from "../../../listing/listing.js";
import { readElf } from "../../../native/elf.js";
import { findNatives } from "../../../native/find-natives.js";
import { fitsPlatform, isForElectron } from "../../../native/fits.js";
import type { NativeFile } from "../../../native/native-file.js";
import type { TrialContext } from "../context.js";
import type { Trial } from "../report.js";
import { LIBRARIES } from "./probe-source.js";

/**
 * Asks the dynamic loader inside which libraries each native addon would get: packages that do without an addon where it
 * cannot be loaded hide that it is broken.
 */
export async function tryLibraries(context: TrialContext): Promise<Trial[]> {
  const { subject, atSource, start, bare, node, sandbox, reached } = context;
  const { tree, manifest } = subject;
  const natives = findNatives(listTree(tree), manifest.packages);
  const fitting = natives.filter(
    (native) => native.file.endsWith(".node") && !isForElectron(native.file) && fitsPlatform(native, manifest.platform),
  );
  const loader = readElf(manifest.runtime === null ? process.execPath : join(tree, "bin/node"), null)?.interpreter ?? null;
  const base = { kind: "libraries" as const, from: null };
  if (fitting.length === 0)
    return [{ ...base, name: "", outcome: "skipped", detail: "it has no native addons for this platform", reason: null, seconds: 0 }];
  if (loader === null)
    return [
      { ...base, name: "", outcome: "skipped", detail: "this node has no dynamic loader that could be asked", reason: null, seconds: 0 },
    ];
  const inside = fitting.map(({ file }) => posix.join(reached, file));
  const ended = await start({ words: [node, "-e", LIBRARIES, "--", "--prove", loader, ...inside], cwd: sandbox.jobPlace, env: bare });
  const lacking = lacksOf(ended.results);
  const failing = fitting.map((native, at) => ({ native, lacks: lacking.get(at) ?? [] })).filter(({ lacks }) => lacks.length > 0);
  if (failing.length === 0)
    return [
      {
        ...base,
        name: "",
        outcome: "ok",
        detail: `${fitting.length} ${fitting.length === 1 ? "addon finds" : "addons find"} all libraries`,
        reason: null,
        seconds: ended.seconds,
      },
    ];
  const paths = failing.map(({ native }) => atSource?.pathOf(native.file) ?? null);
  const asked = paths.filter((path) => path !== null);
  const before =
    atSource === null || asked.length === 0
      ? new Map<number, string[]>()
      : lacksOf(
          (
            await atSource.start({
              words: [atSource.node, "-e", LIBRARIES, "--", "--prove", loader, ...asked],
              cwd: atSource.folder,
              env: atSource.env,
            })
          ).results,
        );
  return failing.map(({ native, lacks }, at): Trial => {
    const path = paths[at] ?? null;
    const lacked = path === null ? [] : (before.get(asked.indexOf(path)) ?? []);
    const isAsBefore = lacks.every((name) => lacked.includes(name));
    return {
      ...base,
      name: native.file,
      outcome: isAsBefore ? "as before" : "failed",
      detail: "cannot be loaded",
      reason: reasonOf(lacks, natives),
      seconds: 0,
    };
  });
}

function reasonOf(lacks: readonly string[], natives: readonly NativeFile[]): string {
  const brought = new Set(natives.map(({ file }) => basename(file)));
  const misled = lacks.every((name) => brought.has(basename(name)));
  return misled
    ? `does not find ${lacks.join(", ")}, which is in the environment: it looks where it was made`
    : `lacks ${lacks.join(", ")}: neither the environment nor the system there has it`;
}

/** What each file lacks, by its place in the list that was asked about. */
function lacksOf(results: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const line of results.split("\n").filter((one) => one !== "")) {
    const { file, output } = JSON.parse(line) as { file: number; output: string };
    const names = [
      ...output.matchAll(/^[ \t]*(\S+) => not found|^Error loading shared library ([^\s:]+)|version [`'](\S+)' not found/gm),
    ].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
    found.set(file, [...new Set(names)]);
  }
  return found;
}
