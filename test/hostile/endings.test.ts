import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { list } from "../../src/verbs/list.js";
import { verify } from "../../src/verbs/verify.js";
import { envpack, makeScratch } from "../real/commands.js";
import { makeHostile } from "./environment.js";
import { FORMATS } from "./raw-archive.js";

const scratch = makeScratch();

test.for(FORMATS.flatMap((format) => [...FORMATS, "zip", "txt"].map((ending) => [format, ending] as const)))(
  "27: a %s archive named .%s is read by its bytes",
  async ([format, ending], { task }) => {
    const path = join(scratch, `${format}-as.${ending}`);
    writeFileSync(path, makeHostile(format));
    await expect(verify({ path, threads: 1 })).resolves.toMatchObject({ ok: true });
    expect(await list({ path })).toHaveLength(8);
    if (ending === "txt") expect(envpack(["verify", "-q", path])).toMatchObject({ status: 0, stderr: "" });
    task.meta.row = { expected: "accept", got: "accept" };
  },
);
