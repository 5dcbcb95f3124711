import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import "../../setup.js";
import { info, list, pack, planPack, relocate, unpack, verify, type PackOptions, type PackResult } from "../../../src/index.js";
import { runMain } from "../../cli/in-process.js";
import { noise, writeProject } from "../../faults/project.js";
import { shell } from "../../real/commands.js";
import { scratchFolder } from "../../scratch.js";

const shared = scratchFolder("directory");
const project = join(
  shared,
  "a source whose path is longer than that of every folder that is made here, so that binaries have room/pantry",
);
let place: string;

beforeAll(() => {
  writeProject(project);
  writeFileSync(join(project, "place.json"), JSON.stringify({ here: `${project}/data`, again: project }));
  writeFileSync(join(project, "binary.bin"), Buffer.concat([Buffer.from([0, 1]), Buffer.from(`${project}/x`), Buffer.alloc(400)]));
  writeFileSync(join(project, "large.bin"), noise(9 << 20));
  writeFileSync(join(project, "large.txt"), `${"x".repeat((4 << 20) - 20)} ${project}/across${"y".repeat(3 << 20)}`);
  writeFileSync(join(project, "run.sh"), "#!/bin/sh\necho run\n", { mode: 0o750 });
  mkdirSync(join(project, "empty/folders"), { recursive: true });
  symlinkSync("run.sh", join(project, "link"));
  linkSync(join(project, "large.bin"), join(project, "second.bin"));
});
beforeEach(() => {
  place = mkdtempSync(join(shared, "place-"));
});

function packTo(output: string, options: PackOptions = {}): Promise<PackResult> {
  return pack({ path: project, node: "none", threads: 2, output, ...options });
}

/** Everything below a folder with its kind, mode, content, and the first name of its inode. */
function snapshot(root: string): string[] {
  const first = new Map<number, string>();
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => {
      const stats = lstatSync(join(root, path));
      if (!first.has(stats.ino)) first.set(stats.ino, path);
      const content = stats.isFile()
        ? createHash("sha256")
            .update(readFileSync(join(root, path)))
            .digest("hex")
        : stats.isSymbolicLink()
          ? readlinkSync(join(root, path))
          : "";
      return `${path} ${stats.mode.toString(8)} ${content} ${first.get(stats.ino)}`;
    });
}

describe("a folder", () => {
  test("is what unpack makes of the .tar, entry for entry, and shares nothing with the source", async () => {
    const target = join(place, "deeper/env");
    const result = await packTo(`${target}/`);
    expect(result).toMatchObject({ format: "directory", output: target, unfit: [], fixups: 3 });
    const made = snapshot(target);
    const before = statSync(join(target, "app/large.bin"));
    expect(before.nlink).toBe(2);
    expect(before.ino).not.toBe(statSync(join(project, "large.bin")).ino);
    expect(readFileSync(join(target, "app/place.json"), "utf8")).toBe(
      JSON.stringify({ here: `${target}/app/data`, again: `${target}/app` }),
    );
    expect(readFileSync(join(target, "app/large.txt"), "utf8")).toContain(`x ${target}/app/acrossy`);
    rmSync(target, { recursive: true });
    const archive = join(place, "env.tar");
    const packed = await packTo(archive);
    await unpack({ archive, target, threads: 1 });
    expect(snapshot(target)).toEqual(made);
    expect(result.sha256).toBe(packed.sha256);
    expect(result.archiveBytes).toBe(statSync(archive).size);
  });

  test("is listed, told of, verified, moved and run as any environment", async () => {
    const target = join(place, "env");
    await packTo(target, { format: "directory" });
    expect((await info({ path: target })).manifest.name).toBe("pantry");
    const paths: string[] = [];
    for (const { path } of await list({ path: target })) paths.push(path);
    expect(paths).toContain("app/empty/folders");
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
    const moved = join(place, "another depth/of it's/env");
    mkdirSync(dirname(moved), { recursive: true });
    renameSync(target, moved);
    expect(await relocate({ folder: moved })).toMatchObject({ files: 3 });
    expect(readFileSync(join(moved, "app/place.json"), "utf8")).toContain(`"${moved}/app"`);
    expect(await verify({ path: moved, threads: 1 })).toMatchObject({ ok: true });
    const outcome = shell('"$TOOL" run -- sh -c \'echo "$PATH"\'', { env: { TOOL: join(moved, "bin/envpack") } });
    expect(outcome).toMatchObject({ status: 0, stderr: "", stdout: expect.stringContaining(`${moved}/bin:`) });
  });

  test("names --dest-prefix where that is given, and stays as packed when it lies there", async () => {
    const target = join(place, "env");
    await packTo(target, { format: "directory", destPrefix: "/opt/pantry" });
    expect(readFileSync(join(target, "app/place.json"), "utf8")).toBe('{"here":"/opt/pantry/app/data","again":"/opt/pantry/app"}');
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
    expect(await relocate({ folder: target, root: "/opt/pantry" })).toMatchObject({ files: 0 });
  });

  test("fills an empty folder that stays the same one, and takes its default name where none was given", async () => {
    const target = join(place, "mount");
    mkdirSync(target, { mode: 0o711 });
    const { ino } = statSync(target);
    expect(await packTo(target)).toMatchObject({ format: "directory", output: target });
    expect(statSync(target).ino).toBe(ino);
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
    const plan = await planPack({ path: project, node: "none", format: "directory" });
    expect(plan.output).toMatch(/\/pantry-1\.0\.0-[a-z0-9]+-[a-z0-9]+(-musl)?$/);
    expect(existsSync(plan.output ?? "")).toBe(false);
  });

  test("brings its bill of materials along, and beside it", async () => {
    const result = await packTo(join(place, "env/"), { sbom: "spdx" });
    expect(result.beside.sbom).toBe(join(place, "env.spdx.json"));
    expect(readdirSync(place).sort()).toEqual(["env", "env.spdx.json"]);
    expect(await verify({ path: join(place, "env"), threads: 1 })).toMatchObject({ ok: true });
  });

  test("has the modes of any umask, also one that takes rights from the owner", () => {
    for (const umask of ["077", "0277"]) {
      const folder = join(place, umask);
      const run = shell(
        `umask ${umask}; envpack pack '${project}' --node none -q -o '${folder}-a/' && envpack pack '${project}' --node none -q -o '${folder}.tar' && envpack unpack -q '${folder}.tar' '${folder}-b'`,
      );
      expect(run).toMatchObject({ status: 0, stderr: "" });
      const modes = (root: string): string[] => snapshot(root).map((line) => line.split(" ").slice(0, 2).join(" "));
      expect(modes(`${folder}-a`)).toEqual(modes(`${folder}-b`));
    }
  });
});

describe("where a folder is to go", () => {
  test("a folder with other things is refused, and the hint cures", async () => {
    const target = join(place, "mine");
    mkdirSync(target);
    writeFileSync(join(target, "notes.txt"), "mine");
    for (const output of [target, `${target}/`]) {
      for (const force of [false, true]) {
        await expect(packTo(output, { force })).rejects.toMatchObject({
          code: "OUTPUT_EXISTS",
          path: target,
          hint: expect.stringContaining("--format tar.zst"),
        });
      }
    }
    await expect(packTo(target, { force: true, format: "directory" })).rejects.toMatchObject({ code: "TARGET_EXISTS", path: target });
    const { output } = await packTo(target, { format: "tar.zst" });
    expect(readdirSync(target).sort()).toEqual(["notes.txt", (output ?? "").slice(target.length + 1)].sort());
    expect(output).toMatch(/\.tar\.zst$/);
  });

  test("a file, a link and the source itself are refused and stay", async () => {
    writeFileSync(join(place, "file"), "mine");
    mkdirSync(join(place, "real"));
    symlinkSync("real", join(place, "link"));
    for (const name of ["file", "link"]) {
      for (const force of [false, true])
        await expect(packTo(`${join(place, name)}/`, { force })).rejects.toMatchObject({ code: "TARGET_EXISTS", path: join(place, name) });
    }
    await expect(packTo(`${project}/`, { force: true })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    expect(readdirSync(place).sort()).toEqual(["file", "link", "real"]);
    expect(readFileSync(join(place, "file"), "utf8")).toBe("mine");
  });

  test("an environment is replaced with --force alone, and not what was added to it", async () => {
    const target = join(place, "env");
    await packTo(`${target}/`);
    await expect(packTo(target)).rejects.toMatchObject({ code: "TARGET_EXISTS", hint: expect.stringContaining("--force") });
    writeFileSync(join(target, "app/place.json"), "edited");
    await packTo(target, { force: true });
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
    writeFileSync(join(target, "app/results.csv"), "a week of work");
    await expect(packTo(target, { force: true })).rejects.toMatchObject({
      code: "TARGET_EXISTS",
      message: expect.stringContaining("app/results.csv"),
      hint: expect.stringContaining("--discard-added"),
    });
    await packTo(target, { force: true, discardAdded: true });
    expect(existsSync(join(target, "app/results.csv"))).toBe(false);
    expect(readdirSync(place)).toEqual(["env"]);
  });

  test("an environment is not replaced by what is packed out of it", async () => {
    const target = join(place, "env");
    await packTo(target, { format: "directory" });
    await expect(pack({ path: join(target, "app"), node: "none", output: `${target}/`, force: true })).rejects.toMatchObject({
      code: "TARGET_UNSUITABLE",
      path: target,
    });
    expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  });

  test("a folder in the project does not go into the next one, nor what was packed there before", async () => {
    const inner = writeProject(join(place, "pantry"));
    const first = await packTo(join(inner, "first/"), { path: inner });
    const second = await packTo(join(inner, "second/"), { path: inner });
    const again = await packTo(join(inner, "second/"), { path: inner, force: true });
    expect([second.files, again.files]).toEqual([first.files, first.files]);
    expect(again.leftOut.map(({ path }) => path)).toEqual(expect.arrayContaining(["app/first", "app/second"]));
    expect(readdirSync(inner).sort()).toEqual(["first", "node_modules", "package.json", "second"]);
  });
});

describe("what a folder cannot be asked for", () => {
  test.each<[string, PackOptions, RegExp]>([
    ["a digest beside it", { checksum: true }, /--sha256 away.*envpack verify/],
    ["a signature", { sign: "/nowhere/key" }, /--sign and --detach-sign away/],
    ["a root folder inside", { arcroot: "x" }, /--arcroot away/],
    ["parts of an earlier archive", { reuse: "/nowhere/x.tar" }, /--reuse away/],
    ["links as copies", { zipSymlinks: true }, /--zip-symlinks away/],
    ["an engine", { engine: "yarn" }, /--for yarn/],
    ["a parcel's name", { parcelName: "X" }, /--format parcel/],
    ["letting go what nobody replaces", { discardAdded: true }, /goes with --force/],
  ])("%s is refused in one line, and nothing is there", async (_, options, hint) => {
    await expect(packTo(join(place, "env"), { format: "directory", ...options })).rejects.toMatchObject({
      hint: expect.stringMatching(hint),
    });
    expect(readdirSync(place)).toEqual([]);
  });

  test("a name that says another format, and a stream", async () => {
    await expect(packTo(join(place, "env.tar.gz"), { format: "directory" })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("slash"),
    });
    await packTo(join(place, "env.tar.gz/"), { format: "directory" });
    expect(existsSync(join(place, "env.tar.gz/.envpack/index.jsonl"))).toBe(true);
    expect(await runMain("pack", project, "--format", "directory", "-o", "-")).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("on the command line", () => {
  test("conda-pack's name for it is taken, and the summary says what comes next", async () => {
    const target = join(place, "with space");
    const outcome = await runMain("pack", project, "--node", "none", "--format", "no-archive", "-o", target);
    expect(outcome).toMatchObject({ status: 0, stdout: "" });
    expect(outcome.stderr).toContain(`packed pantry 1.0.0 into ${target}\n`);
    expect(outcome.stderr).toContain("3 files name the old place: rewritten for the new one");
    expect(outcome.stderr).toContain(`next: source '${target}/bin/activate', or `);
    expect(outcome.stderr).not.toMatch(/sha256|->/);
  });

  test("--json and --dry-run tell the format, and a dry run writes nothing", async () => {
    const target = join(place, "env/");
    const plan = JSON.parse((await runMain("pack", project, "--node", "none", "-o", target, "--dry-run", "--json")).stdout);
    expect(plan).toMatchObject({ format: "directory", output: join(place, "env") });
    expect(readdirSync(place)).toEqual([]);
    const made = JSON.parse((await runMain("pack", project, "--node", "none", "-o", target, "--json")).stdout);
    expect(made).toMatchObject({ format: "directory", output: join(place, "env"), unfit: [], beside: { parcelHash: null } });
  });

  test("a binary without room for the new path gives status 3, and is told", async () => {
    const inner = writeProject(join(place, "p"));
    writeFileSync(join(inner, "tight.bin"), Buffer.concat([Buffer.from([0]), Buffer.from(`${inner}/x`), Buffer.from([0, 7])]));
    const target = join(place, "a-folder-whose-path-is-longer/env");
    const outcome = await runMain("pack", inner, "--node", "none", "-o", `${target}/`);
    expect(outcome.status).toBe(3);
    expect(outcome.stderr).toContain("app/tight.bin");
    expect(await runMain("pack", inner, "--node", "none", "-q", "-f", "-o", `${target}/`)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("app/tight.bin"),
    });
  });
});
