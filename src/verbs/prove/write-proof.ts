import { release } from "node:os";
import { basename } from "node:path";
import type { Signer } from "../../archive/signing/signer.js";
import { sealEnvelope } from "../../evidence/provenance/envelope.js";
import { evidenceName } from "../../evidence/provenance/evidence.js";
import { makeStatement, statementTime, type Statement } from "../../evidence/provenance/statement.js";
import { readHost } from "../../manifest/host.js";
import type { ProofRun, Trial } from "../../evidence/prove/report.js";
import { VERSION } from "../../support/version.js";
import { writeWhole } from "../../engine/sinks/output.js";
import type { ProvedArchive, ProveResult } from "./prove-types.js";

/** Writes what was found beside the archive: a statement about its digest, in an envelope where somebody signs it. */
export async function writeProof(archive: ProvedArchive, result: Omit<ProveResult, "proof">, signer: Signer | null): Promise<string> {
  const path = evidenceName(archive.path, "proof");
  const statement = makeStatement("proof", basename(archive.path), archive, await predicateOf(result));
  const payload = Buffer.from(`${JSON.stringify(statement, null, signer === null ? 2 : undefined)}\n`);
  await writeWhole(path, signer === null ? payload : Buffer.from(await sealEnvelope(payload, signer)), true);
  return path;
}

/** As in-toto's test-result has it; what is envpack's own stands below "envpack". Nothing in it names this machine or its user. */
async function predicateOf({
  ok,
  name,
  version,
  platform,
  emulator,
  runs,
  source,
  seconds,
}: Omit<ProveResult, "proof">): Promise<Statement["predicate"]> {
  const trials = runs.flatMap((run) => run.trials.map((trial) => ({ run, trial })));
  const named = (outcome: Trial["outcome"]): string[] =>
    trials.filter(({ trial }) => trial.outcome === outcome).map(({ run, trial }) => testName(run, trial));
  const host = await readHost();
  return {
    result: ok ? "PASSED" : "FAILED",
    configuration: [{ name: "envpack", annotations: { version: VERSION } }],
    passedTests: named("ok"),
    warnedTests: named("as before"),
    failedTests: named("failed"),
    envpack: {
      name,
      version,
      platform,
      time: statementTime(Date.now()),
      host: { os: host.os, arch: host.arch, libc: host.libc, glibc: host.glibc, kernel: release() },
      emulator,
      compared: source !== null,
      seconds,
      runs: runs.map(({ opened, ...run }) => ({ ...run, opened: { by: opened.by, files: opened.files, missed: opened.missed.length } })),
    },
  };
}

function testName({ conditions }: ProofRun, { kind, name, from }: Trial): string {
  return [conditions, kind, name, from ?? ""].filter((part) => part !== "").join(" ");
}
