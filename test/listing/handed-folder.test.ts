import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HandedFolder, newHandover } from "../../src/listing/handed-folder.js";
import { walkerOf, type ListTask } from "../../src/listing/lister.js";
import type { ListedPart } from "../../src/listing/tree-walker.js";
import { scratchFolder } from "../scratch.js";

test("a folder goes from one to the other, once, and one at a time", () => {
  const memory = newHandover();
  const [one, other] = [new HandedFolder(memory), new HandedFolder(memory)];
  expect(other.take()).toBeNull();
  expect([one.give("node_modules/ä/\ud800"), one.give("next")]).toEqual([true, false]);
  expect([other.take(), other.take(), one.take()]).toEqual(["node_modules/ä/\ud800", null, null]);
  expect([other.give("next"), one.take()]).toEqual([true, "next"]);
});

test("a path that is too long stays where it was found", () => {
  const handed = new HandedFolder(newHandover());
  expect(handed.give("d/".repeat(2048))).toBe(true);
  handed.take();
  expect(handed.give(`${"d/".repeat(2048)}d`)).toBe(false);
  expect(handed.take()).toBeNull();
});

/** A package of as many files, and two folders of a file each. */
function packageOf(files: number): ListTask {
  const root = scratchFolder("handed");
  for (const folder of ["large/a", "large/b", "small/c"]) mkdirSync(join(root, folder), { recursive: true });
  for (const folder of ["large/a", "large/b", "small/c"]) writeFileSync(join(root, folder, "file"), "");
  for (let index = 0; index < files; index++) writeFileSync(join(root, "large", `f${index}`), "");
  return { root, folders: ["large", "small"], taken: new Int32Array(new SharedArrayBuffer(4)), handover: newHandover() };
}

const foldersOf = ({ folders }: ListedPart): string[] => folders.split("\0");

test("what lies below a large folder is listed by whoever is free", () => {
  const task = packageOf(1100);
  const [one, other] = [walkerOf(task), walkerOf(task)];
  expect([one.step(), other.step(), one.step()]).toEqual([true, true, true]);
  expect(foldersOf(other.finish())).toEqual(["large/a"]);
  expect(foldersOf(one.finish())).toEqual(["large", "large/b"]);
});

test("what nobody takes is listed by the one that found it", () => {
  const task = packageOf(1100);
  const walker = walkerOf(task);
  while (walker.step());
  expect(foldersOf(walker.finish()).sort()).toEqual(["large", "large/a", "large/b", "small", "small/c"]);
});

test("what lies below small folders stays with the one that found it", () => {
  const task = packageOf(10);
  const [one, other] = [walkerOf(task), walkerOf(task)];
  one.step();
  expect(other.step()).toBe(true);
  expect(foldersOf(other.finish())).toEqual(["small"]);
});
