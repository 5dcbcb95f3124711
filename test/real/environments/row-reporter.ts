import { stripVTControlCharacters } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { CENSUS } from "./census.js";
import type { MovedRow } from "./moved.js";

/** Columns of a terminal line that a test's name gets. */
const NAME = 26;

/**
 * What `make test-real` prints: a line for each environment as it comes through, then the rows of the census
 * with what was found of them all, and a last line that counts.
 */
export class RowReporter implements Reporter {
  private readonly moved: MovedRow[] = [];
  private readonly failed: string[] = [];
  private readonly skipped: string[] = [];
  private others = 0;
  /** Some were not asked for: `-t pnpm`. */
  private isPart = false;

  onInit(): void {
    this.print("Each environment is built by its real package manager, tried, packed, extracted with tar at another depth and");
    this.print("tried again with the origin, stores, homes and this machine's node out of sight. The first run builds: minutes.\n");
  }

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    const { moved } = test.meta();
    const name = moved?.name ?? test.name.replace(/: .*$/, "");
    if (result.state === "failed") {
      this.failed.push(name);
      this.print(`FAILED  ${name.padEnd(NAME)} ${test.module.relativeModuleId} > ${test.name}`);
      for (const { message, diff } of result.errors)
        this.print(indent(stripVTControlCharacters([message, diff].filter((part) => part !== undefined).join("\n"))));
    } else if (result.state === "skipped") {
      if (result.note === undefined) {
        this.isPart = true;
        return;
      }
      this.skipped.push(name);
      this.print(`skipped ${name.padEnd(NAME)} ${result.note}`);
    } else if (moved === undefined) {
      this.others++;
      this.print(`ok      ${test.fullName}`);
    } else {
      this.moved.push(moved);
      this.print(`ok      ${moved.name.padEnd(NAME)} ${describe(moved)}`);
    }
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): void {
    // A file that does not load, or whose preparation fails, has no test that could fail.
    for (const module of modules) for (const { message } of module.errors()) this.fail(module.relativeModuleId, message);
    for (const { message } of unhandled) this.fail("outside of a test", message);
    this.print("\nThe census:");
    for (const [row, text] of CENSUS)
      this.printRow(
        text,
        this.moved.filter(({ census }) => census.includes(row)),
      );
    this.print(`\n${this.summary()}`);
  }

  private fail(where: string, message: string): void {
    this.failed.push(where);
    this.print(`FAILED  ${where}\n${indent(stripVTControlCharacters(message))}`);
  }

  private printRow(text: string, cases: readonly MovedRow[]): void {
    if (this.isPart && cases.length === 0) return;
    const refused = cases.filter((one) => one.refused !== undefined);
    const came = cases.filter((one) => one.refused === undefined);
    const files = came.reduce((sum, { residue }) => sum + residue, 0);
    const residue = files === 0 ? "residual paths 0" : `residual paths in ${files} files, all reported`;
    const parts = [came.length > 0 ? `ok before, ok after, ${residue}` : "", refused.length > 0 ? "refused as it should be" : ""].filter(
      (part) => part !== "",
    );
    this.print(
      `  ${text}\n      ${parts.length === 0 ? "NOT SHOWN by this run" : `${parts.join("; ")}: ${cases.map(({ name }) => name).join(" ")}`}`,
    );
  }

  private summary(): string {
    const refused = this.moved.filter((one) => one.refused !== undefined).length;
    const skipped = this.skipped.length === 0 ? "" : `; ${this.skipped.length} skipped: ${this.skipped.join(", ")}`;
    const counts = `${this.moved.length - refused} environments did the same after the move as before, ${refused} were refused as they should be, ${this.others} other checks passed${skipped}`;
    return this.failed.length === 0 ? `ok: ${counts}` : `FAILED: ${this.failed.join(", ")}; ${counts}`;
  }

  private print(line: string): void {
    process.stdout.write(`${line}\n`);
  }
}

function describe({ tried, residue, refused }: MovedRow): string {
  if (refused !== undefined) return `refused with ${refused}, as it should be`;
  const paths = residue === 0 ? "residual paths 0" : `residual paths in ${residue} ${residue === 1 ? "file" : "files"}, reported`;
  return `ok before, ok after (${tried} ${tried === 1 ? "check" : "checks"}), ${paths}`;
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `        ${line}`)
    .join("\n");
}

export default RowReporter;
