import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { pack, planPack, unpack } from "../../src/index.js";
import { scratchFolder } from "../scratch.js";

let scratch: string;
let project: string;

beforeAll(() => {
  scratch = scratchFolder("prefix");
  project = join(scratch, "old place");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "shop", "version": "1.0.0" }');
  const places = {
    plain: `${project}/x.js`,
    percent: encodeURIComponent(`${project}/x`),
    url: pathToFileURL(`${project}/x`).href,
    other: `${project}2/x`,
  };
  writeFileSync(join(project, "places.json"), JSON.stringify(places));
  writeFileSync(join(project, "names.bin"), Buffer.from(`\x7f\0${project}/lib\0rest`));
});

const read = (root: string, file: string): string => readFileSync(join(root, "app", file), "utf8");

test("files name the destination from the start, in every spelling and no neighbour of the old place", async () => {
  const archive = join(scratch, "a.tar");
  const result = await pack({ path: project, node: "none", output: archive, destPrefix: "/srv/s" });
  expect(result.notices).toEqual([]);
  const target = join(scratch, "restored");
  await unpack({ archive, target });
  const places = JSON.parse(read(target, "places.json")) as Record<string, string>;
  // Restored elsewhere after all: what named the destination names the real place.
  expect(places).toEqual({
    plain: `${target}/app/x.js`,
    percent: encodeURIComponent(`${target}/app/x`),
    url: pathToFileURL(`${target}/app/x`).href,
    other: `${project}2/x`,
  });
});

test("a plain tar has the destination's names in it, also in a binary, padded", async () => {
  const archive = join(scratch, "plain.tar");
  await pack({ path: project, node: "none", output: archive, destPrefix: "/srv/s" });
  const bytes = (name: string): string => execFileSync("tar", ["-xOf", archive, `app/${name}`], { encoding: "utf8" });
  expect(bytes("places.json")).toContain('"plain":"/srv/s/app/x.js"');
  expect(bytes("names.bin")).toBe(`\x7f\0/srv/s/app/lib${"\0".repeat(project.length - "/srv/s/app".length)}\0rest`);
});

test("what does not fit is told, and left as it is", async () => {
  const destPrefix = `/srv/${"long/".repeat(80)}end`;
  const { notices } = await planPack({ path: project, node: "none", destPrefix });
  expect(notices).toEqual([{ code: "PATH_REMAINS", message: expect.stringContaining("no room"), path: "app/names.bin" }]);
});

test("a destination that is no absolute path is refused", async () => {
  await expect(pack({ path: project, node: "none", output: join(scratch, "b.tar"), destPrefix: "srv/s" })).rejects.toMatchObject({
    code: "USAGE",
  });
});
