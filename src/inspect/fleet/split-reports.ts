import { decodeReport, invalid, type Report } from "./report.js";

/** `srun -l`, `pdsh` and `clush` write where a line comes from before it. */
const LABELLED = /^ *([\w.-]+): ?(.*)$/;

/**
 * Reads reports one after the other, however they were gathered: a line each, printed over many lines,
 * as an array, or with labels before the lines. Behind labels, lines may have been cut and mixed with
 * others': srun does so with lines longer than 1024 bytes, and without labels those are lost.
 *
 * @param source what the text was read from, for messages
 * @throws EnvpackError REPORT_INVALID
 */
export function splitReports(text: string, source: string): Report[] {
  const values = splitLabels(text).flatMap((part) => [...splitValues(part)]);
  const reports = values.flatMap((value) => parseValue(value, source));
  if (reports.length === 0) throw invalid("there is none in it", source);
  return reports.map((report) => decodeReport(report, source));
}

/** What each source wrote, in the order in which they first spoke; without labels, the text as it is. */
function splitLabels(text: string): string[] {
  const lines = text.split(/\r?\n/);
  const first = lines.find((line) => line.trim() !== "") ?? "";
  if (!LABELLED.test(first)) return [text];
  const parts = new Map<string, string[]>();
  for (const line of lines) {
    const [, label, rest = ""] = LABELLED.exec(line) ?? [];
    if (label === undefined) continue;
    const part = parts.get(label);
    if (part === undefined) parts.set(label, [rest]);
    else part.push(rest);
  }
  return [...parts.values()].map((part) => part.join(""));
}

/** Cuts text behind each bracket that closes the outermost one; what is between values goes to the next. */
function* splitValues(text: string): Generator<string> {
  const marks = /["{}[\]]/g;
  let start = 0;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    const [character] = mark;
    if (character === '"') {
      const string = /"(?:[^"\\]|\\[^])*"/y;
      string.lastIndex = mark.index;
      if (!string.test(text)) break;
      marks.lastIndex = string.lastIndex;
    } else if (character === "{" || character === "[") depth++;
    else if (--depth <= 0) {
      yield text.slice(start, marks.lastIndex);
      start = marks.lastIndex;
      depth = 0;
    }
  }
  const rest = text.slice(start);
  if (rest.trim() !== "") yield rest;
}

function parseValue(text: string, source: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    throw invalid("it is not JSON, or lines of several are mixed (`srun -l` labels them)", source, error);
  }
}
