import type { Statement } from "../provenance/statement.js";
import type { ProofFact } from "./facts.js";

/** How much is taken over of what somebody wrote beside an archive: runs, trials of each, characters of each text. */
const MOST = { runs: 20, trials: 2000, text: 500 } as const;

/** What a proof tells of its runs; what in it is of no known form is left away. */
export function readProof({ predicate }: Statement): ProofFact[] {
  return listOf(fieldsOf(predicate.envpack).runs)
    .slice(0, MOST.runs)
    .map(fieldsOf)
    .map(({ conditions, sandbox, hidden, visible, trials }) => ({
      conditions: textOf(conditions),
      sandbox: textOf(sandbox),
      hidden: listOf(hidden).map(textOf),
      visible: listOf(visible).map(textOf),
      trials: listOf(trials).slice(0, MOST.trials).map(fieldsOf).map(readTrial),
    }));
}

function readTrial({ kind, name, from, outcome, detail, reason }: Fields): ProofFact["trials"][number] {
  const told = [detail, reason].map(textOf).filter((text) => text !== "");
  const where = textOf(from);
  return {
    kind: textOf(kind),
    name: where === "" ? textOf(name) : `${textOf(name)}, from ${where}`,
    outcome: textOf(outcome),
    detail: told.join(": "),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, MOST.text) : "";
}
