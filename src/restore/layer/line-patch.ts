import { EnvpackError } from "../../support/errors.js";

/**
 * A text as a patch of another, line by line: JSON lines, each `{"copy":[first,count]}`, lines of the old
 * text by number, or `{"add":"line"}`. Made for records of which most lines stay: an index, a manifest.
 */
type Step = { readonly copy: readonly [first: number, count: number] } | { readonly add: string };

/**
 * @param base lines, without their ends
 * @param wanted lines, without their ends
 */
export function makePatch(base: readonly string[], wanted: readonly string[]): string {
  const places = new Map(base.map((line, index) => [line, index]));
  const steps: string[] = [];
  let first = 0;
  let count = 0;
  const flush = (): void => {
    if (count > 0) steps.push(`${JSON.stringify({ copy: [first, count] } satisfies Step)}\n`);
    count = 0;
  };
  for (const line of wanted) {
    // Where lines repeat, the one that follows is the right one more often than any other.
    if (base[first + count] === line) {
      count++;
      continue;
    }
    const next = first + count;
    const wasCopying = count > 0;
    flush();
    const place = places.get(line);
    if (place === undefined) {
      steps.push(`${JSON.stringify({ add: line } satisfies Step)}\n`);
      // A new line most often stands in place of one: go on behind that.
      if (wasCopying) first = next + 1;
    } else {
      first = place;
      count = 1;
    }
  }
  flush();
  return steps.join("");
}

/**
 * Applies a patch. It is not trusted: it may name no line that is not there, nor make more than `limit` characters.
 *
 * @returns lines, without their ends
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export function applyPatch(base: readonly string[], patch: string, limit: number): string[] {
  const lines: string[] = [];
  let length = 0;
  const push = (line: string): void => {
    length += line.length + 1;
    if (length > limit) throw new EnvpackError("ARCHIVE_LIMIT", "a patch of the layer makes more than it may");
    lines.push(line);
  };
  const texts = patch.split("\n");
  if (texts.pop() !== "") throw malformed();
  for (const text of texts) {
    const step = parseStep(text);
    if ("add" in step) {
      push(step.add);
      continue;
    }
    const [first, count] = step.copy;
    if (first + count > base.length) throw malformed();
    for (let at = first; at < first + count; at++) push(base[at] ?? "");
  }
  return lines;
}

function parseStep(text: string): Step {
  try {
    const { copy, add } = JSON.parse(text) as { copy?: unknown; add?: unknown };
    if (typeof add === "string" && !add.includes("\n")) return { add };
    if (Array.isArray(copy) && copy.length === 2 && copy.every((number) => Number.isSafeInteger(number) && number >= 0)) {
      return { copy: copy as [number, number] };
    }
  } catch {
    // Told below, without the parser's words: they would quote the archive.
  }
  throw malformed();
}

function malformed(): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", "a patch of the layer is malformed");
}
