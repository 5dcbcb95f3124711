import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { beforeAll, expect, test } from "vitest";
import { diff, info, layer, licenses, list, pack, relocate, report, run, sbom, unpack, verify } from "../../src/index.js";
import { scratchFolder } from "../scratch.js";
import { write, writeShop } from "./make-base.js";

const scratch = scratchFolder("beside");
const project = join(scratch, "shop");
const base = join(scratch, "base.oci");
const tar = join(scratch, "shop.oci.tar");
const folder = join(scratch, "shop.oci");
const options = { path: project, node: "none", threads: 1 } as const;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  writeShop(project, base);
  for (const output of [tar, folder]) await pack({ ...options, output, image: { base } });
}, 60_000);

test("the digest of an environment is the same of its archive, of its image, and where it was unpacked", async () => {
  const archive = join(scratch, "shop.tar.gz");
  await pack({ ...options, output: archive });
  await unpack({ archive, target: join(scratch, "unpacked") });
  const digests = await Promise.all([archive, tar, join(scratch, "unpacked")].map(async (path) => (await info({ path })).digests));
  expect(digests[1]).toEqual(digests[0]);
  expect(digests[2]).toEqual(digests[0]);
  const [first] = await list({ path: archive });
  expect((await list({ path: tar }))[0]).toEqual(first);
});

const OTHERS: Record<string, (path: string) => Promise<unknown>> = {
  unpack: (archive) => unpack({ archive, target: join(scratch, "never") }),
  diff: (path) => diff({ sources: [path, path] }),
  layer: (path) => layer({ base: path, next: path, output: join(scratch, "never.tar") }),
  sbom: (path) => sbom({ path }),
  licenses: (path) => licenses({ path }),
  report: (path) => report({ path, output: join(scratch, "never.html") }),
  run: (path) => run({ path, command: "node", args: ["-v"] }),
  relocate: (target) => relocate({ folder: target }),
};
const FOLDERS = ["sbom", "licenses", "relocate", "diff", "run"];

test.each(Object.entries(OTHERS))("%s, which takes no image, says that it was given one", async (name, verb) => {
  const expected = { code: "NOT_AN_ARCHIVE", message: expect.stringContaining("container image"), hint: expect.stringContaining("verify") };
  if (name !== "relocate") await expect(verb(tar)).rejects.toMatchObject({ ...expected, path: tar });
  if (FOLDERS.includes(name)) await expect(verb(folder)).rejects.toMatchObject({ ...expected, path: folder });
});

test("a stream that holds a layout is told as well", async () => {
  await expect(verify({ path: Readable.from([readFileSync(tar)]) })).rejects.toMatchObject({ code: "NOT_AN_ARCHIVE" });
});

test("layouts that were packed into the project before are left out of the next one, whatever their names", async () => {
  cpSync(folder, join(project, "yesterday.oci"), { recursive: true });
  cpSync(tar, join(project, "yesterday.oci.tar"));
  write(join(project, "fixtures/inner.oci/oci-layout"), "what the project needs\n");
  const output = join(scratch, "again.oci");
  await pack({ ...options, output, image: { base } });
  const paths = (await list({ path: output })).map(({ path }) => path).filter((path) => path.startsWith("app/"));
  expect(paths).toEqual([
    "app/fixtures",
    "app/fixtures/inner.oci",
    "app/fixtures/inner.oci/oci-layout",
    "app/package.json",
    "app/server.js",
  ]);
});
