import { append } from "../support/append.js";

/**
 * Breaks a text into lines of at most `width` columns, at spaces; a longer word stays whole.
 *
 * @param hanging what the lines after the first one begin with
 * @param fixed columns at the beginning of the first line in which no line is broken
 */
export function wrap(text: string, width: number, hanging = "", fixed = text.search(/\S|$/)): string {
  const lines: string[] = [];
  let line = text.slice(0, fixed);
  let isEmpty = true;
  for (const word of text
    .slice(fixed)
    .split(" ")
    .filter((one) => one !== "")) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      [line, isEmpty] = [hanging, true];
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()].join("\n");
}

/** An example: a command line and, behind two spaces or more, what it does. */
interface Example {
  readonly line: string;
  readonly note: string;
}

/**
 * Lays out the notes of a command. Paragraphs are told by empty lines and filled anew; lines that
 * are indented are examples, each whole, with its note beside or below it.
 */
export function layOutNotes(text: string, width: number): string {
  const out: string[] = [];
  let paragraph: string[] = [];
  let examples: Example[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) out.push(wrap(paragraph.join(" "), width));
    if (examples.length > 0) append(out, layOutExamples(examples, width));
    [paragraph, examples] = [[], []];
  };
  for (const line of text.trim().split("\n")) {
    const isExample = line.startsWith("  ");
    if (line === "" || isExample !== examples.length > 0) flush();
    if (isExample) examples.push(readExample(line));
    else if (line === "") out.push("");
    else paragraph.push(line.trim());
  }
  flush();
  return out.join("\n");
}

function readExample(text: string): Example {
  const [line = "", ...rest] = text.trim().split(/ {2,}/);
  return { line, note: rest.join(" ") };
}

function layOutExamples(examples: readonly Example[], width: number): string[] {
  const column = 2 + Math.max(...examples.filter(({ note }) => note !== "").map(({ line }) => line.length), 0) + 2;
  const beside = examples.every(({ line, note }) => note === "" || (line.length < column && column + note.length <= width));
  return examples.flatMap(({ line, note }) => {
    const command = breakCommand(line, width);
    if (note === "") return [command];
    return beside ? [`  ${line.padEnd(column - 2)}${note}`] : [command, wrap(`    ${note}`, width, "    ")];
  });
}

/** A command line that is too long is broken as a shell continues one, so that it can be pasted as it stands. */
function breakCommand(command: string, width: number): string {
  // What is quoted holds together, also where it has spaces.
  const words = command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  const lines: string[] = [];
  let line = " ";
  for (const word of words) {
    if (line.trim() !== "" && line.length + 1 + word.length > width - 2) {
      lines.push(`${line} \\`);
      line = "     ";
    }
    line += ` ${word}`;
  }
  if (lines.length > 0 || line.length <= width) return [...lines, line].join("\n");
  return line;
}
