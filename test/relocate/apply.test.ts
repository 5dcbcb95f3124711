import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyFixups, readRelocation } from "../../src/relocate/apply.js";
import { decodeFixups, encodeFixups } from "../../src/manifest/fixup-file.js";
import { RELOCATED_FILE, writeRelocation } from "../../src/relocate/relocation.js";
import { layOut, OLD_ROOT, temporaryFolder } from "../portable/small-environment.js";

const SHIM = `#!/bin/sh\nexport NODE_PATH="${OLD_ROOT}/project/node_modules:${OLD_ROOT}/lib"\n`;

function read(folder: string, path: string): string {
  return readFileSync(join(folder, path), "latin1");
}

describe("the new place", () => {
  it("is written in the spelling that stood there, the innermost root's folder with it", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, {
      "app/a.json": `{"d":"${OLD_ROOT}/project","s":"${OLD_ROOT.replaceAll("/", "\\/")}\\/lib"}`,
      "app/b.js": `import "file://${OLD_ROOT}/lib/x.mjs"; load("?p=${encodeURIComponent(`${OLD_ROOT}/project/p`)}")`,
      "app/c.js": `load("?p=${encodeURIComponent(OLD_ROOT).toLowerCase()}&q=/opt%2Fmade%2Fhere")`,
      "app/none.js": `${OLD_ROOT}2`,
    });
    const done = await applyFixups(folder, { root: "/srv/new place/ü", entries });
    expect(done).toMatchObject({ root: "/srv/new place/ü", files: 3, places: 6, unfit: [] });
    expect(readFileSync(join(folder, "app/a.json"), "utf8")).toBe('{"d":"/srv/new place/ü/app","s":"\\/srv\\/new place\\/ü\\/lib"}');
    expect(read(folder, "app/b.js")).toBe(
      'import "file:///srv/new%20place/%C3%BC/lib/x.mjs"; load("?p=%2Fsrv%2Fnew%20place%2F%C3%BC%2Fapp%2Fp")',
    );
    expect(read(folder, "app/c.js")).toBe('load("?p=%2fsrv%2fnew%20place%2f%c3%bc&q=/srv%2Fnew%20place%2F%C3%BC")');
    expect(read(folder, "app/none.js")).toBe(`${OLD_ROOT}2`);
  });

  it("is the folder's real path where none is named", async () => {
    const folder = temporaryFolder();
    const entries = layOut(join(folder, "e"), { "bin/x": SHIM });
    symlinkSync("e", join(folder, "alias"));
    await applyFixups(join(folder, "alias"), { entries });
    expect(read(folder, "e/bin/x")).toContain(`"${folder}/e/app/node_modules:${folder}/e/lib"`);
  });

  it("is escaped in JSON, and kept out of scripts whose strings it would end", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "app/a.json": `"${OLD_ROOT}"`, "bin/x": SHIM, "bin/y": `#!${OLD_ROOT}/bin/node\n${OLD_ROOT}\n` });
    const quoted = await applyFixups(folder, { root: '/srv/$(id)"', entries });
    expect(JSON.parse(read(folder, "app/a.json"))).toBe('/srv/$(id)"');
    expect(read(folder, "bin/x")).toBe(SHIM);
    expect(quoted).toMatchObject({ files: 1, places: 1 });
    expect(quoted.unfit.map((one) => `${one.path} ${one.reason}`)).toContain("bin/x cannot take a path with quotes, backslashes or $");
    const spaced = await applyFixups(folder, { root: "/srv/a b", entries });
    expect(spaced.unfit.map(({ path, reason }) => [path, reason])).toEqual([
      ["bin/y", "is a script whose first line cannot take a path with spaces"],
      ["bin/y", "cannot take a path with spaces, which would be taken apart there"],
    ]);
    expect(read(folder, "bin/x")).toContain('"/srv/a b/app/node_modules:/srv/a b/lib"');
    expect(read(folder, "bin/y")).toBe(`#!${OLD_ROOT}/bin/node\n${OLD_ROOT}\n`);
  });
});

describe("fix-ups", () => {
  it("46: are idempotent, follow a second and a third move, and can be undone to the original", async () => {
    const folder = temporaryFolder();
    const binary = Buffer.from(`\x7fELF\0\x01${OLD_ROOT}/lib:${OLD_ROOT}/bin\0tail\0\xff`, "latin1");
    const entries = layOut(folder, { "bin/x": SHIM, "app/lib.so": binary });
    expect(await applyFixups(folder, { root: "/srv/one", entries })).toMatchObject({ files: 2, places: 4 });
    const inode = lstatSync(join(folder, "bin/x")).ino;
    expect(await applyFixups(folder, { root: "/srv/one", entries })).toMatchObject({ files: 0, places: 0, unfit: [] });
    expect(lstatSync(join(folder, "bin/x")).ino).toBe(inode);
    for (const root of ["/a/b", "/srv/a-much-longer-place/than/before", "/srv/one"]) await applyFixups(folder, { root, entries });
    expect(read(folder, "bin/x")).toBe(SHIM.replace(`${OLD_ROOT}/project`, "/srv/one/app").replace(OLD_ROOT, "/srv/one"));
    await applyFixups(folder, { root: OLD_ROOT, entries });
    expect(readFileSync(join(folder, "app/lib.so"))).toEqual(binary);
    expect((await readRelocation(folder))?.root).toBe(OLD_ROOT);
  });

  it("keep a binary's length, pad its strings with NUL, and report what does not fit", async () => {
    const folder = temporaryFolder();
    const before = `\0${OLD_ROOT}/lib:${OLD_ROOT}/bin\0kept\0\x01${OLD_ROOT} not ended`;
    const entries = layOut(folder, { "app/lib.so": Buffer.from(before, "latin1") });
    const short = await applyFixups(folder, { root: "/srv/n", entries });
    const after = `\0/srv/n/lib:/srv/n/bin${"\0".repeat(16)}\0kept\0\x01${OLD_ROOT} not ended`;
    expect(read(folder, "app/lib.so")).toBe(after);
    expect(short).toMatchObject({ files: 1, places: 2 });
    expect(short.unfit).toEqual([{ path: "app/lib.so", at: 45, reason: expect.stringContaining("no NUL-terminated string") }]);
    const long = await applyFixups(folder, { root: "/srv/too/long/for/it", entries });
    expect(read(folder, "app/lib.so")).toBe(before);
    expect(long.unfit.map((one) => one.reason)).toContain("has no room for the new path: it is 12 bytes too long");
  });

  it("leave alone binary data that is longer than a path before its NUL, or holds control characters", async () => {
    const folder = temporaryFolder();
    const blob = `\0${OLD_ROOT}/a${"x".repeat(5000)}\0${OLD_ROOT}/b\x02\0${OLD_ROOT}/c\0`;
    const entries = layOut(folder, { "app/blob": Buffer.from(blob, "latin1") });
    const done = await applyFixups(folder, { root: "/srv/n", entries });
    expect(done).toMatchObject({ places: 1, unfit: [{ at: 1 }, { at: blob.indexOf("/b") - OLD_ROOT.length }] });
    expect(read(folder, "app/blob")).toBe(blob.replace(`${OLD_ROOT}/c`, `/srv/n/c${"\0".repeat(OLD_ROOT.length - 6)}`));
  });

  it("keep mode, owner and hard links", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/x": SHIM, "bin/y": { hardlink: "bin/x" }, "bin/z": { hardlink: "bin/x" } });
    chmodSync(join(folder, "bin/x"), 0o550);
    if (process.geteuid?.() === 0) chownSync(join(folder, "bin/x"), 1234, 1234);
    const owner = statSync(join(folder, "bin/x")).uid;
    const done = await applyFixups(folder, { root: "/srv/n", entries });
    expect(done.files).toBe(1);
    const stats = ["x", "y", "z"].map((name) => statSync(join(folder, "bin", name)));
    expect(new Set(stats.map((one) => one.ino)).size).toBe(1);
    expect(stats[0]?.mode).toBe(0o100550);
    expect(stats[0]?.uid).toBe(owner);
    expect(read(folder, "bin/z")).toContain("/srv/n/app");
  });

  it("leave alone and report a file that was edited or replaced, and pass over one that is gone", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/a": SHIM, "bin/b": SHIM, "bin/c": SHIM, "bin/d": SHIM });
    await applyFixups(folder, { root: "/srv/one", entries });
    writeFileSync(join(folder, "bin/a"), read(folder, "bin/a").replace("export", "unset "));
    rmSync(join(folder, "bin/b"));
    rmSync(join(folder, "bin/c"));
    symlinkSync("d", join(folder, "bin/c"));
    const done = await applyFixups(folder, { root: "/srv/two", entries });
    expect(done.unfit).toEqual([
      { path: "bin/a", at: null, reason: "was changed since it was restored" },
      { path: "bin/c", at: null, reason: "is no longer a plain file" },
    ]);
    expect(read(folder, "bin/a")).toContain("/srv/one/app");
    expect(read(folder, "bin/d")).toContain("/srv/two/app");
  });

  it("45: never go through a link that was put in a folder's place", async () => {
    const folder = temporaryFolder();
    const entries = layOut(join(folder, "e"), { "bin/x": SHIM });
    mkdirSync(join(folder, "outside"));
    renameSync(join(folder, "e/bin/x"), join(folder, "outside/x"));
    rmSync(join(folder, "e/bin"), { recursive: true });
    symlinkSync("../outside", join(folder, "e/bin"));
    expect(await applyFixups(join(folder, "e"), { root: "/srv/n", entries })).toMatchObject({ files: 0, unfit: [{ path: "bin/x" }] });
    expect(read(folder, "outside/x")).toBe(SHIM);
  });

  it("45: are refused where the records are for no file of the archive, or reach past its end", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/x": SHIM, "bin/y": { link: "x" } });
    const [good] = decodeFixups(readFileSync(join(folder, ".envpack/fixups.jsonl")));
    const last = { at: SHIM.length - 3, length: 10, spelling: "plain", root: "" } as const;
    for (const fixup of [
      { ...good!, path: "bin/y" },
      { ...good!, path: "bin/none" },
      { ...good!, places: [last] },
    ]) {
      writeFileSync(join(folder, ".envpack/fixups.jsonl"), encodeFixups([fixup]));
      await expect(applyFixups(folder, { root: "/srv/n", entries })).rejects.toMatchObject({ code: "ARCHIVE_CORRUPT" });
    }
    expect(read(folder, "bin/x")).toBe(SHIM);
  });

  it("46: go well while a program of the environment runs", async () => {
    const folder = temporaryFolder();
    const program = Buffer.concat([readFileSync("/bin/sleep"), Buffer.from(`\0${OLD_ROOT}/lib\0`)]);
    const entries = layOut(folder, { "bin/sleep": program });
    const running = spawn(join(folder, "bin/sleep"), ["60"]);
    await once(running, "spawn");
    try {
      expect(() => writeFileSync(join(folder, "bin/sleep"), program)).toThrow("ETXTBSY");
      expect(await applyFixups(folder, { root: "/srv/n", entries })).toMatchObject({ files: 1 });
      expect(execFileSync(join(folder, "bin/sleep"), ["0"]).toString()).toBe("");
      expect(running.exitCode).toBeNull();
    } finally {
      running.kill("SIGKILL");
      await once(running, "close");
    }
  });
});

describe("a run that was cut off", () => {
  it("46: is made good by the next, whichever files it had come to", async () => {
    const files = { "bin/a": SHIM, "bin/b": SHIM, "bin/c": SHIM, "bin/d": { hardlink: "bin/c" } };
    const one = temporaryFolder();
    const entries = layOut(one, files);
    await applyFixups(one, { root: "/srv/one", entries });
    const two = temporaryFolder();
    cpSync(one, two, { recursive: true });
    await applyFixups(two, { root: "/srv/two", entries });
    const state = await readRelocation(two);

    const folder = temporaryFolder();
    layOut(folder, files);
    copyFileSync(join(one, "bin/a"), join(folder, "bin/a"));
    copyFileSync(join(two, "bin/b"), join(folder, "bin/b"));
    await writeRelocation(folder, { root: "/srv/one", pending: ["/srv/two"], files: state!.files });
    writeFileSync(join(folder, ".envpack/relocating-file"), "half");
    expect(await applyFixups(folder, { root: "/srv/three", entries })).toMatchObject({ files: 3, unfit: [] });
    for (const name of ["a", "b", "c", "d"]) expect(read(folder, `bin/${name}`)).toContain('"/srv/three/app/');
    expect(readdirSync(join(folder, ".envpack")).sort()).toEqual(["fixups.jsonl", "relocated.json"]);
  });

  it("by its signal is INTERRUPTED and leaves no lock", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/a": SHIM, "bin/b": SHIM });
    const controller = new AbortController();
    const onProgress = (): void => controller.abort();
    await expect(applyFixups(folder, { root: "/srv/n", entries, signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(await applyFixups(folder, { root: "/srv/n", entries })).toMatchObject({ unfit: [] });
    expect(read(folder, "bin/b")).toContain("/srv/n/app");
    expect(readdirSync(join(folder, ".envpack")).sort()).toEqual(["fixups.jsonl", "relocated.json"]);
  });
});

describe("another user", () => {
  /** Runs as that user what `work` does: file permissions are those of the process. */
  async function as<T>(user: number, work: () => Promise<T>): Promise<T> {
    process.setegid!(user);
    process.seteuid!(user);
    try {
      return await work();
    } finally {
      process.seteuid!(0);
      process.setegid!(0);
    }
  }

  it("who owns just the folders gets all done", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to become another user");
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/x": SHIM });
    for (const name of ["", "bin", ".envpack"]) chownSync(join(folder, name), 1234, 1234);
    expect(await as(1234, () => applyFixups(folder, { root: "/srv/n", entries }))).toMatchObject({ files: 1 });
    expect(read(folder, "bin/x")).toContain("/srv/n/app");
  });

  it("who may only read gets NO_PERMISSION with a hint, and no error where nothing has to change", async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip("needs root to become another user");
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/x": SHIM });
    chmodSync(folder, 0o755);
    await expect(as(1234, () => applyFixups(folder, { root: "/srv/n", entries }))).rejects.toMatchObject({
      code: "NO_PERMISSION",
      hint: expect.stringContaining("--dest-prefix"),
    });
    expect(existsSync(join(folder, RELOCATED_FILE))).toBe(false);
    await applyFixups(folder, { root: "/srv/n", entries });
    expect(await as(1234, () => applyFixups(folder, { root: "/srv/n", entries }))).toMatchObject({ files: 0, unfit: [] });
  });
});
