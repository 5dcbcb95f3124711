import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { nearest } from "../support/nearest.js";
import { escapedWord } from "./escape.js";

/** Commands of other tools, and words that mean one of ours; ours come first. */
const COMMANDS = wordsOf([
  "pack conda-pack build bundle create archive export make zip",
  "unpack extract restore install unzip untar",
  "relocate conda-unpack fix fixup move rebase",
  "list ls contents files tree",
  "info show inspect describe about",
  "verify check validate test audit",
  "run exec shell start",
  "diff compare drift",
  "layer delta patch update",
  "doctor diagnose status",
  "deliver deploy send push upload submit",
  "yarn spark hadoop hdfs",
  "slurm sbatch srun",
  "registry docker image oci kubernetes",
]);

/** Options of conda-pack and of common usage; ours come first. */
const OPTIONS = wordsOf([
  "--n-threads --jobs --threads --num-threads --parallel --n-jobs --workers",
  "--compress-level --compress --level --compression-level",
  "--output --out --out-file --outfile --file",
  "--force --overwrite --replace --yes",
  "--quiet --silent",
  "--exclude --ignore --skip",
  "--dest-prefix --target --dest --destination",
]);

/** What each word is called here. */
function wordsOf(rows: readonly string[]): ReadonlyMap<string, string> {
  return new Map(rows.map((row) => row.split(" ")).flatMap(([ours = "", ...words]) => words.map((word) => [word, ours] as const)));
}

/** What has no counterpart here, and what takes its place. */
const ANSWERS = new Map([
  ["activate", "`source DIR/bin/activate`, where DIR is an unpacked environment; `envpack run DIR -- COMMAND` needs no shell"],
  ["deactivate", "`deactivate`, in the shell that the environment was activated in"],
  ["--ignore-missing-files", "leave it away: where something is missing or changed the error names it, and the way past it"],
  ["--ignore-editable-packages", "leave it away: linked packages go in as they are; `--links refuse` names them instead"],
  ["--verbose", "leave it away; ENVPACK_DEBUG=1 shows where an error comes from"],
  ["--no-archive", "pack to a file and unpack it: `envpack pack -o env.tar && envpack unpack env.tar DIR`"],
]);

/** What was typed, and the command of ours that it came to. */
export interface Typed {
  readonly words: readonly string[];
  readonly command: Command;
}

/** Words for which commander has no answer: `-V` and `version` ask for the version, as `-v` does. */
export function canonicalWords(words: readonly string[]): readonly string[] {
  return words.length === 1 && (words[0] === "-V" || words[0] === "version") ? ["--version"] : words;
}

/** What was probably meant by a command that is unknown. */
export function hintForCommand(word: string, { words, command }: Typed): string {
  const answer = ANSWERS.get(word);
  if (answer !== undefined) return answer;
  const names = namesOf(command);
  const known = COMMANDS.get(word.toLowerCase());
  const meant =
    known !== undefined && names.includes(known) ? known : nearest(word, command.parent === null ? [...names, "version", "help"] : names);
  if (meant !== null) return `did you mean ${lineOf(words.map((one) => (one === word ? meant : one)))}?`;
  if (command.parent === null && existsSync(word))
    return `did you mean ${lineOf([statSync(word).isFile() ? "unpack" : "pack", ...words])}?`;
  return `the ${command.parent === null ? "commands" : "engines"} are ${names.join(", ")}`;
}

/** What was probably meant by an option that is unknown; null where nothing is near. */
export function hintForOption(option: string, { words, command }: Typed): string | null {
  const answer = ANSWERS.get(option);
  if (answer !== undefined) return answer;
  if (command.parent === null) return hintForBare(option, words, command);
  const options = optionsOf(command);
  const known = OPTIONS.get(option);
  const meant = known !== undefined && options.includes(known) ? known : option.startsWith("--") ? nearest(option, options) : null;
  if (meant !== null)
    return `did you mean ${lineOf(words.map((one) => (one === option ? meant : one.startsWith(`${option}=`) ? one.replace(option, meant) : one)))}?`;
  const others = (command.parent.parent ?? command.parent).commands
    .filter((other) => optionsOf(other).includes(option))
    .map((other) => `\`envpack ${other.name()}\``);
  return others.length === 0 ? null : `it is an option of ${others.join(", ")}`;
}

/** `envpack -p .`, as conda-pack is called: there the command has no name. */
function hintForBare(option: string, words: readonly string[], program: Command): string | null {
  const pack = program.commands.find((one) => one.name() === "pack");
  if (pack === undefined || !optionsOf(pack).includes(option)) return null;
  return `did you mean ${lineOf(["pack", ...withoutPrefix(words)])}?`;
}

/** Of conda-pack, -p and -n name what is packed; a project here is named by its folder alone. */
function withoutPrefix(words: readonly string[]): readonly string[] {
  const [option = "", folder = "", ...rest] = words;
  return ["-p", "--prefix", "-n", "--name"].includes(option) && isProject(folder) ? [...(folder === "." ? [] : [folder]), ...rest] : words;
}

/** Whether a folder holds a project rather than a prefix. */
export function isProject(folder: string): boolean {
  return existsSync(join(folder, "package.json"));
}

/** The command line as it should be, to be typed again. */
function lineOf(words: readonly string[]): string {
  return `\`${["envpack", ...words.map(escapedWord)].join(" ")}\``;
}

export function namesOf(command: Command): string[] {
  return command.commands.map((one) => one.name()).filter((name) => name !== "help");
}

function optionsOf(command: Command): string[] {
  return command.options.flatMap(({ short, long }) => [short, long]).filter((one) => one !== undefined);
}

/** "envpack deliver slurm" */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
