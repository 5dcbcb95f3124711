import type { Reporter, TestCase, TestModule } from "vitest/node";

/** What a test of a row of the table in docs/SECURITY.md tells beside its name. */
export interface RowNote {
  readonly expected: string;
  readonly got: string;
}

declare module "vitest" {
  interface TaskMeta {
    row?: RowNote;
  }
}

const WIDTH = 100;

/** Prints a line a row: its number, input or fault, what is expected, what came. */
export default class RowReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => test.result().state !== "skipped" || reasonOf(test) !== null);
    const rows = tests.flatMap((test) => rowOf(test)).sort((a, b) => a.number - b.number);
    const line = (number: string, what: string, expected: string, got: string): string =>
      `${number.padStart(3)}  ${what.padEnd(WIDTH)}  ${expected.padEnd(8)}  ${got}\n`;
    const lines = rows.map(({ number, what, expected, got }) =>
      line(String(number), what.length > WIDTH ? `${what.slice(0, WIDTH - 1)}…` : what, expected, got),
    );
    process.stdout.write(`\n${line("row", "input or fault (docs/SECURITY.md)", "expected", "got")}${lines.join("")}\n`);
  }
}

function rowOf(test: TestCase): (RowNote & { readonly number: number; readonly what: string })[] {
  const match = /(?:^|> )(\d{1,2}): /.exec(test.fullName);
  if (match === null) return [];
  const what = test.fullName.replace(/(^|> )\d{1,2}: /, "$1").replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
  const note = test.meta().row;
  const { state } = test.result();
  const got = state === "failed" ? "FAILED, see above" : state === "skipped" ? `not tried: ${reasonOf(test) ?? ""}` : (note?.got ?? "ok");
  return [{ number: Number(match[1]), what, expected: note?.expected ?? "as named", got }];
}

/** Why a test was skipped; null where it was not, or was not asked for. */
function reasonOf(test: TestCase): string | null {
  const result = test.result();
  return result.state === "skipped" ? (result.note ?? null) : null;
}
