import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { linesOf } from "../cluster/document.js";
import { noise } from "../faults/project.js";
import { envpack, makeScratch, shell } from "../real/commands.js";

/* The engines' commands are run in test/cluster. */
const scratch = makeScratch();
const project = join(scratch, "shop");

/** Packs a version of a project whose one package changes, beside megabytes that do not. */
function packVersion(version: string): void {
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "shop", version, dependencies: { part: version } }));
  writeFileSync(join(project, "node_modules/part/package.json"), JSON.stringify({ name: "part", version }));
  writeFileSync(join(project, "node_modules/part/index.js"), `module.exports = "${version}";\n`);
  expect(envpack(["pack", project, "-q", "--node", "none", "-o", join(scratch, `shop-${version}.tar.gz`)]).stderr).toBe("");
}

test("the layer of docs/clusters.md takes kilobytes, makes the new environment beside the old one, and switches to it", () => {
  mkdirSync(join(project, "node_modules/part"), { recursive: true });
  mkdirSync(join(project, "node_modules/large"));
  writeFileSync(join(project, "node_modules/large/package.json"), '{ "name": "large", "version": "1.0.0" }');
  writeFileSync(join(project, "node_modules/large/data.bin"), noise(8 << 20));
  for (const version of ["1.4.0", "1.5.0"]) packVersion(version);
  mkdirSync(join(scratch, "srv"));
  const srv = join(scratch, "srv");
  expect(
    envpack(["unpack", "-q", join(scratch, "shop-1.4.0.tar.gz"), join(srv, "shop-1.4.0"), "--current", join(srv, "shop")]).stderr,
  ).toBe("");
  const lines = linesOf("When workers disagree").filter((line) => /^envpack (layer|unpack) /.test(line));
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(shell(line.replaceAll("/srv/", `${srv}/`), { cwd: scratch })).toMatchObject({ status: 0 });
  expect(statSync(join(scratch, "1.4-to-1.5.tar.gz")).size).toBeLessThan(32 << 10);
  expect(readlinkSync(join(srv, "shop"))).toMatch(/shop-1\.5\.0$/);
  for (const version of ["1.4.0", "1.5.0"]) {
    expect(readFileSync(join(srv, `shop-${version}/app/node_modules/part/index.js`), "utf8")).toContain(version);
    expect(envpack(["verify", "-q", join(srv, `shop-${version}`)])).toMatchObject({ status: 0, stdout: "" });
  }
});
