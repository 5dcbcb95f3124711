import { describe, expect, test } from "vitest";
import type { Report } from "../../../src/inspect/fleet/report.js";
import { splitReports } from "../../../src/inspect/fleet/split-reports.js";
import { MANIFEST } from "../../manifest/sample.js";

const DIGEST = "a".repeat(64);

function makeReport(name: string): Report {
  return {
    kind: "folder",
    path: `/srv/{${name}}"\\`,
    manifest: MANIFEST,
    entries: 10,
    digests: { content: DIGEST, packages: [DIGEST], others: DIGEST },
    host: { name, node: "20.20.2", os: "linux", arch: "x64", libc: "glibc", glibc: "2.36" },
    differences: [{ path: "app/]x", kind: "changed", detail: "its content was changed", sha256: null }],
  };
}

const REPORTS = ["n1", "n2", "n3"].map(makeReport);

/** What `srun -l` makes of long lines: pieces of 1024 bytes, a label before each, those of all tasks mixed. */
function labelled(texts: readonly string[]): string {
  const pieces = texts.map((text) => text.split("\n").flatMap((line) => line.match(/.{1,1024}/g) ?? [""]));
  const longest = Math.max(...pieces.map(({ length }) => length));
  const rounds = Array.from({ length: longest }, (_, at) =>
    pieces.flatMap((own, task) => (own[at] === undefined ? [] : [` ${task}: ${own[at]}\n`])),
  );
  return rounds.flat().join("");
}

describe("reports are read", () => {
  test.each([
    ["a line each", REPORTS.map((report) => `${JSON.stringify(report)}\n`).join("")],
    ["over many lines", REPORTS.map((report) => `${JSON.stringify(report, null, 2)}\n`).join("")],
    ["without anything between them", REPORTS.map((report) => JSON.stringify(report)).join("")],
    ["as an array", JSON.stringify(REPORTS)],
    ["with labels before long lines that were cut and mixed", labelled(REPORTS.map((report) => JSON.stringify(report)))],
    ["with labels before lines that were mixed", labelled(REPORTS.map((report) => JSON.stringify(report, null, 2)))],
    ["with fields that a later envpack adds", JSON.stringify(REPORTS.map((report) => ({ ...report, weather: "fine" })))],
  ])("%s", (_how, text) => {
    expect(splitReports(text, "reports.jsonl")).toEqual(REPORTS);
  });
});

describe("what is no report is refused with its source", () => {
  const [report] = REPORTS;
  const line = JSON.stringify(report);
  test.each([
    ["nothing", ""],
    ["a text", "all is well\n"],
    ["a number", "42"],
    ["a report cut short", line.slice(0, -10)],
    ["two of which lines are mixed", line.slice(0, 500) + line + line.slice(500)],
    ["an unclosed string", `${line}{"`],
    ["brackets that only close", "]]]}"],
    ["a report without digests", JSON.stringify({ ...report, digests: undefined })],
    ["digests that are none", JSON.stringify({ ...report, digests: { content: "x", packages: [DIGEST], others: DIGEST } })],
    ["digests of other packages", JSON.stringify({ ...report, digests: { content: DIGEST, packages: [], others: DIGEST } })],
    ["a manifest that is none", JSON.stringify({ ...report, manifest: { formatVersion: 1 } })],
    ["a machine that is none", JSON.stringify({ ...report, host: "n1" })],
  ])("%s", (_what, text) => {
    expect(() => splitReports(text, "reports.jsonl")).toThrow(expect.objectContaining({ code: "REPORT_INVALID", path: "reports.jsonl" }));
  });
});
