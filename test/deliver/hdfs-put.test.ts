import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { putOnce, type Delivered, type Delivery } from "../../src/deliver/hdfs-put.js";
import { makeFolder } from "../environment/tree.js";
import { MemoryStore } from "./memory-store.js";

const CONTENT = Buffer.from("the bytes of an archive, some more of them");
const OTHER = Buffer.from("the bytes of an archive, but other of them");
const file = join(makeFolder(), "a.tar.gz");
const delivery: Delivery = {
  file,
  bytes: CONTENT.length,
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
  path: "/envs/a.tar.gz",
};
writeFileSync(file, CONTENT);

let store: MemoryStore;

beforeEach(() => {
  store = new MemoryStore();
});

const put = async (): Promise<Delivered> => putOnce(store, delivery);

describe("an archive that is put on HDFS", () => {
  test("lies there whole, under its name alone, and everyone may read it", async () => {
    expect(await put()).toEqual({ sent: true, blockedBy: null });
    expect(store.names()).toEqual(["/", "/envs", "/envs/a.tar.gz"]);
    expect(store.things.get("/envs/a.tar.gz")?.content).toEqual(CONTENT);
  });

  test("is not sent again where it lies already", async () => {
    await put();
    store.before = (call) => expect(call).not.toBe("write");
    expect(await put()).toEqual({ sent: false, blockedBy: null });
  });

  test.each<[string, (content: Buffer) => Buffer]>([
    ["another byte", (content) => Buffer.from(content).fill("X", 3, 4)],
    ["fewer bytes", (content) => content.subarray(1)],
    ["more bytes", (content) => Buffer.concat([content, content])],
  ])("is read back, and does not stay where %s came to the disk", async (_what, damage) => {
    store.store = damage;
    await expect(put()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(store.names()).toEqual(["/", "/envs"]);
  });

  test("63: is not read for ever where it has no end", async () => {
    store.read = async function* (): AsyncIterable<Uint8Array> {
      for (;;) yield CONTENT;
    };
    await expect(put()).rejects.toMatchObject({ code: "DIGEST_MISMATCH", message: expect.stringContaining("more than") });
  });
});

describe("another envpack that is quicker by a moment", () => {
  const quicker = (content: Buffer | null): void => {
    store.before = (call, path) => {
      if (call === "rename") store.put(path, content, 0o644);
    };
  };

  test("with the same archive has done the work: nothing of ours stays", async () => {
    quicker(CONTENT);
    expect(await put()).toEqual({ sent: true, blockedBy: null });
    expect(store.names()).toEqual(["/", "/envs", "/envs/a.tar.gz"]);
  });

  test.each<[string, Buffer | null, string]>([
    ["another content of that length", OTHER, "DIGEST_MISMATCH"],
    ["another length", CONTENT.subarray(2), "DIGEST_MISMATCH"],
    ["a folder", null, "OUTPUT_EXISTS"],
  ])("with %s has not: that is told, and its file stays", async (_what, content, code) => {
    quicker(content);
    await expect(put()).rejects.toMatchObject({ code });
    expect(store.names()).toEqual(["/", "/envs", "/envs/a.tar.gz"]);
    expect(store.things.get("/envs/a.tar.gz")?.content).toEqual(content);
  });
});

describe("who may read it", () => {
  test.each<[number, boolean]>([
    [0o755, true],
    [0o711, true],
    [0o744, false],
    [0o750, false],
  ])("a folder of mode %o lets everyone pass: %s", async (mode, isOpen) => {
    store.put("/envs", null, mode);
    expect((await put()).blockedBy).toEqual(isOpen ? null : { path: "/envs", mode });
  });

  test("a file that is closed is opened", async () => {
    await put();
    store.put("/envs/a.tar.gz", CONTENT, 0o600);
    expect(await put()).toEqual({ sent: false, blockedBy: null });
    expect(store.things.get("/envs/a.tar.gz")?.mode).toBe(0o644);
  });
});

test("a file in a folder's place is told before anything is sent", async () => {
  store.put("/envs", CONTENT, 0o644);
  await expect(put()).rejects.toMatchObject({ code: "OUTPUT_EXISTS", path: "/envs" });
});
