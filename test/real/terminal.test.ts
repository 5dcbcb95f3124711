import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ENVPACK, envpack, execute, has, makeScratch, type Outcome } from "./commands.js";
import { buildSample } from "./sample.js";

const scratch = makeScratch();
const project = join(scratch, "pantry");
const output = join(scratch, "x.tar.gz");
const PROGRESS = /packing +\[#*\.*\] +\d+ % {2}[\d.]+ k?M?B of [\d.]+ MB/;

beforeAll(() => {
  mkdirSync(project);
  buildSample(project);
});

/** Runs the tool on a terminal of its own (util-linux's script makes one); both streams come back as one. */
function onTerminal(line: string, env: NodeJS.ProcessEnv = {}, columns = 120): Outcome {
  const { CI: _ci, NO_COLOR: _noColour, ...rest } = process.env;
  const command = `stty cols ${columns}; "${process.execPath}" "${ENVPACK}" ${line}`;
  return execute("script", ["-qefc", command, "/dev/null"], { env: { ...rest, TERM: "xterm-256color", ...env } });
}

const noScript = process.platform !== "linux" || !has("script");

test("a terminal shows progress with bytes, which is gone when the summary comes", ({ skip }) => {
  if (noScript) skip("util-linux's script is not installed here");
  const { status, stdout } = onTerminal(`pack ${project} -f -o ${output}`);
  expect(status).toBe(0);
  expect(stdout).toMatch(PROGRESS);
  expect(stdout.slice(stdout.lastIndexOf("packed @acme"))).not.toMatch(PROGRESS);
});

/** What was drawn on the progress line, one after the other. */
function drawn(text: string): string[] {
  return [...text.matchAll(/\r\x1b\[J([^\r\n]+)\r(?!\n)/g)].map((match) => match[1] ?? "");
}

test("N6: in 40 columns the line fits and says the share", ({ skip }) => {
  if (noScript) skip("util-linux's script is not installed here");
  const lines = drawn(onTerminal(`pack ${project} -f -o ${output}`, {}, 40).stdout);
  // How many there are goes by how fast the machine is.
  expect(lines.filter((line) => /packing .*\d+ %/.test(line)).length).toBeGreaterThan(0);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
});

test("N6: `run ARCHIVE` shows that it restores, and the line is gone before the command speaks", ({ skip }) => {
  if (noScript) skip("util-linux's script is not installed here");
  const { status, stdout } = onTerminal(`run ${output} -- node -p "'spo' + 'ken'"`);
  expect(status).toBe(0);
  expect(drawn(stdout).some((line) => line.startsWith("restoring"))).toBe(true);
  expect(stdout).toMatch(/\r\x1b\[Jspoken\r?\n$/);
});

test.for([
  ["-q", "-q", {}],
  ["CI", "", { CI: "true" }],
] as const)("%s shows no progress on a terminal", ([_name, flag, env], { skip }) => {
  if (noScript) skip("util-linux's script is not installed here");
  expect(onTerminal(`pack ${project} ${flag} -f -o ${output}`, env).stdout).not.toMatch(PROGRESS);
});

test("a pipe gets no progress", () => {
  expect(envpack(["pack", project, "-f", "-o", output]).stderr).not.toContain("%  ");
});

test("an archive is not written to a terminal", ({ skip }) => {
  if (noScript) skip("util-linux's script is not installed here");
  expect(onTerminal(`pack ${project} -o -`)).toMatchObject({ status: 2, stdout: expect.stringContaining("not written to a terminal") });
});

test("errors have colours on a terminal, and none under NO_COLOR", ({ skip }) => {
  if (noScript) skip("util-linux's script is not installed here");
  expect(onTerminal("list /nowhere").stdout).toContain("\x1b[1;31merror[IO]\x1b[0m");
  expect(onTerminal("list /nowhere", { NO_COLOR: "1" }).stdout).toMatch(/^envpack: error\[IO\] /);
});
