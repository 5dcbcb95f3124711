import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { bringManager } from "./managers.js";
import { run, runWell } from "./run.js";
import { scratchFolder } from "../../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const MISSING = spawnSync("cc", ["--version"]).status === 0 ? null : "a C compiler is not installed";

/** Packages are built with a prefix of 255 bytes; installing writes the real one over it. */
const PLACEHOLDER = "/home/conda/feedstock_root/build_artifacts/web_1700000000000/_h_env_".padEnd(255, "placehold_");

let scratch: string;
let prefix: string;
beforeAll(() => {
  scratch = scratchFolder("conda");
  prefix = join(scratch, "envs/web");
});

interface CondaPath {
  readonly path: string;
  readonly mode: "text" | "binary";
}

/** Puts a file into the prefix as conda links one: see binary_replace and update_prefix in its portability.py. */
function link(path: string, mode: "text" | "binary", built: Buffer): CondaPath {
  const file = join(prefix, path);
  mkdirSync(dirname(file), { recursive: true });
  const text = built.toString("latin1");
  const pattern = new RegExp(`${PLACEHOLDER}[^\\0]*?\\0`, "g");
  const linked =
    mode === "text"
      ? text.replaceAll(PLACEHOLDER, prefix)
      : text.replace(pattern, (found) => {
          const placed = found.replaceAll(PLACEHOLDER, prefix);
          return placed.padEnd(found.length, "\0");
        });
  writeFileSync(file, Buffer.from(linked, "latin1"), { mode: 0o755 });
  return { path, mode };
}

/** Writes `conda-meta/NAME-VERSION-BUILD.json` with the fields of conda's PrefixRecord that tell of files. */
function record(name: string, version: string, paths: readonly CondaPath[]): void {
  const entries = paths.map(({ path, mode }) => ({ _path: path, path_type: "hardlink", file_mode: mode, prefix_placeholder: PLACEHOLDER }));
  const content = {
    name,
    version,
    build: "h0_0",
    build_number: 0,
    channel: "local",
    files: paths.map(({ path }) => path),
    paths_data: { paths_version: 1, paths: entries },
  };
  mkdirSync(join(prefix, "conda-meta"), { recursive: true });
  writeFileSync(join(prefix, `conda-meta/${name}-${version}-h0_0.json`), JSON.stringify(content, null, 2));
}

/** A program that prints two paths which its library was built with. */
async function compileProbe(): Promise<{ library: Buffer; program: Buffer }> {
  const folder = join(scratch, "work");
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "lib.c"),
    `const char *share(void) { return "${PLACEHOLDER}/share"; }\nconst char *both(void) { return "${PLACEHOLDER}/a:${PLACEHOLDER}/b"; }\n`,
  );
  writeFileSync(
    join(folder, "main.c"),
    "#include <stdio.h>\nconst char *share(void), *both(void);\nint main(void) { puts(share()); puts(both()); return 0; }\n",
  );
  await runWell("cc", ["-shared", "-fPIC", "-o", "libprobe.so", "lib.c"], { cwd: folder });
  await runWell("cc", ["-o", "probe", "main.c", "-L.", "-lprobe", "-Wl,-rpath,$ORIGIN/../lib"], { cwd: folder });
  return { library: readFileSync(join(folder, "libprobe.so")), program: readFileSync(join(folder, "probe")) };
}

async function build(): Promise<void> {
  const [node, npm] = [await bringManager("node@24.21.0"), await bringManager("npm@11.21.2")];
  mkdirSync(join(prefix, "bin"), { recursive: true });
  cpSync(node.command, join(prefix, "bin/node"));
  cpSync(join(npm.folder, "node_modules/npm"), join(prefix, "lib/node_modules/npm"), { recursive: true, verbatimSymlinks: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(prefix, "bin/npm"));
  const { library, program } = await compileProbe();
  record("nodejs", "24.21.0", [link("etc/nodejs.conf", "text", Buffer.from(`home=${PLACEHOLDER}\nother=${PLACEHOLDER}2/x\n`))]);
  record("probe", "1.0.0", [
    link("lib/libprobe.so", "binary", library),
    link("bin/probe", "binary", program),
    // A text that holds a NUL: only the record tells that it may change its length.
    link("share/mixed.txt", "text", Buffer.from(`a\0b ${PLACEHOLDER}/c\n`)),
    link("bin/script", "text", Buffer.from(`#!${PLACEHOLDER}/bin/node\nconsole.log("by", process.execPath);\n`)),
  ]);
  // What conda-meta also holds: a text without records.
  writeFileSync(join(prefix, "conda-meta/history"), "==> 2026-11-23 12:00:00 <==\n");
}

function probe(place: string): ReturnType<typeof run> {
  return run(join(place, "bin/probe"), [], { env: {} });
}

function told(place: string): string {
  return `${place}/share\n${place}/a:${place}/b\n`;
}

describe("a conda prefix with node in it", () => {
  test("is written anew as conda recorded it, to a longer place and a second time", { timeout: 300_000 }, async (context) => {
    if (MISSING !== null) context.skip(MISSING);
    await build();
    expect((await probe(prefix)).stdout, "before").toBe(told(prefix));
    const archive = join(scratch, "web.tar");
    await runWell(process.execPath, [ENVPACK, "pack", "-p", prefix, "-o", archive, "-q"], { patience: 120_000 });
    renameSync(prefix, `${prefix}-hidden`);

    const longer = join(scratch, "a/much/longer/place/than/the/one/where/conda/made/it/web");
    mkdirSync(dirname(longer), { recursive: true });
    await runWell(process.execPath, [ENVPACK, "unpack", archive, longer, "-q"], { patience: 120_000 });
    const manifest = JSON.parse(readFileSync(join(longer, ".envpack/manifest.json"), "utf8")) as Manifest;
    expect(manifest).toMatchObject({ kind: "conda", name: "web", resolveFrom: ["lib"], runtime: { version: "24.21.0" } });
    expect((await probe(longer)).stdout, "in a binary, in the room that conda left").toBe(told(longer));
    expect(readFileSync(join(longer, "etc/nodejs.conf"), "utf8")).toBe(`home=${longer}\nother=${prefix}2/x\n`);
    expect(readFileSync(join(longer, "share/mixed.txt"), "latin1")).toBe(`a\0b ${longer}/c\n`);
    expect(readFileSync(join(longer, "bin/script"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    await runWell(process.execPath, [ENVPACK, "verify", longer], { patience: 120_000 });

    const shorter = join(scratch, "w");
    renameSync(longer, shorter);
    await runWell(join(shorter, "bin/envpack"), ["relocate", shorter], { env: {}, patience: 120_000 });
    expect((await probe(shorter)).stdout, "after a second move").toBe(told(shorter));
    const env = { PATH: `${join(shorter, "bin")}:/usr/bin:/bin`, HOME: scratch };
    expect((await run(join(shorter, "bin/script"), [], { env })).stdout).toBe(`by ${shorter}/bin/node\n`);
    expect((await run(join(shorter, "bin/npm"), ["root", "--global"], { env: { HOME: scratch, PATH: "/usr/bin:/bin" } })).stdout).toBe(
      `${shorter}/lib/node_modules\n`,
    );
  });

  test("is told of where not even the room of a binary is long enough", { timeout: 300_000 }, async (context) => {
    if (MISSING !== null) context.skip(MISSING);
    const far = join(scratch, "x".repeat(200), "y".repeat(60), "web");
    mkdirSync(dirname(far), { recursive: true });
    const outcome = await run(process.execPath, [ENVPACK, "unpack", join(scratch, "web.tar"), far], { patience: 120_000 });
    expect(outcome.stderr).toMatch(/libprobe\.so.*has no room for the new path/);
  });
});
