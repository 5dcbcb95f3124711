import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import "../setup.js";
import { openArchiveFile } from "../../src/engine/read/open-archive-file.js";
import { list } from "../../src/verbs/list.js";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { GENEROUS, readTree, scratch } from "../engine/trees.js";

/** Made by the code before version 2 of the format: all entries have one time, and each frame of the tar.gz is a gzip member. */
const archive = (format: string): string => join(import.meta.dirname, "version-1", `small.${format}`);

test.each(["tar.gz", "tar.zst", "zip"])("a %s of version 1 is verified, listed and restored", async (format) => {
  const path = archive(format);
  await expect(verify({ path, threads: 1 })).resolves.toMatchObject({ ok: true });
  expect((await list({ path })).map((entry) => entry.path)).toContain("app/zeros");
  const opened = await openArchiveFile(path, { limits: GENEROUS });
  expect(Buffer.from(await opened.readFile("app/a.js", 100)).toString()).toBe("console.log(1)\n");
  await opened.close();
  const target = join(await scratch(), "out");
  await unpack({ archive: path, target, forcePlatform: true, threads: 1 });
  expect(readTree(target).get("app/link")).toBe("-> a.js");
  if (format !== "zip") await expect(verify({ path: createReadStream(path), threads: 1 })).resolves.toMatchObject({ ok: true });
});
