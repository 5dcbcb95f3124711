import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readHost } from "../../src/manifest/host.js";
import { envpack, makeScratch } from "../real/commands.js";
import { makeArchive } from "../restore/archives.js";

const scratch = makeScratch();

test("a machine that cannot run an environment is told so in one sentence, by info of archive and folder, and by unpack before it writes", async () => {
  const { arch, ...host } = await readHost();
  const other = arch === "arm64" ? "x64" : "arm64";
  const archive = await makeArchive(join(scratch, "other.tar.gz"), { manifest: { platform: { ...host, arch: other } } });
  const target = join(scratch, "env");
  const sentence = new RegExp(`this environment needs ${host.os} ${other}.*; this machine is ${host.os} ${arch}`);

  const refused = envpack(["unpack", archive, target]);
  expect([refused.status, existsSync(target)]).toEqual([1, false]);
  expect(refused.stderr).toMatch(new RegExp(`^envpack: error\\[PLATFORM_MISMATCH\\] ${sentence.source}.*\\nhint: .*\\n$`));
  const told = envpack(["info", archive]);
  expect(told.status).toBe(0);
  expect(told.stdout).toMatch(new RegExp(`^runs here +no: ${sentence.source}.*$`, "m"));

  expect(envpack(["unpack", "-q", "--force-platform", archive, target]).status).toBe(0);
  expect(JSON.parse(envpack(["info", "--json", target]).stdout).unfit).toMatch(sentence);
});
