import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import "../../setup.js";
import { info, list, pack, parcelManifest, unpack, verify, type PackOptions, type PackResult } from "../../../src/index.js";
import { runMain } from "../../cli/in-process.js";
import { checkParcel, checkRepository } from "../../deliver/parcel-rules.js";
import { writeProject } from "../../faults/project.js";
import { has } from "../../real/commands.js";
import { runInside, sandboxMissing } from "../../real/environments/sandbox.js";
import { scratchFolder } from "../../scratch.js";

const shared = scratchFolder("parcel");
const project = join(shared, "source/pantry");
let place: string;

beforeAll(() => {
  writeProject(project);
  writeFileSync(join(project, "place.json"), JSON.stringify({ here: `${project}/data` }));
  writeFileSync(join(project, "tell.cjs"), 'console.log(require("dep/file-1.js"), __filename);\n');
});
beforeEach(() => {
  place = mkdtempSync(join(shared, "place-"));
});

function packParcel(options: PackOptions = {}): Promise<PackResult> {
  return pack({
    path: project,
    node: "none",
    threads: 2,
    level: 1,
    format: "parcel",
    output: `${place}/`,
    parcelDistro: "el8",
    ...options,
  });
}

const tar = (...args: string[]): string => execFileSync("tar", args, { encoding: "utf8", maxBuffer: 1 << 26 });

describe("a parcel", () => {
  test("keeps all of Cloudera's rules, by name, by content and by its .sha", async () => {
    const { output, beside, format } = await packParcel({ parcelName: "PANTRY", parcelVersion: "1.0.0-rc.1" });
    const file = join(place, "PANTRY-1.0.0-rc.1-el8.parcel");
    expect({ output, format, hash: beside.parcelHash }).toEqual({ output: file, format: "parcel", hash: `${file}.sha` });
    expect(readdirSync(place).sort()).toEqual(["PANTRY-1.0.0-rc.1-el8.parcel", "PANTRY-1.0.0-rc.1-el8.parcel.sha"]);
    const names = tar("-tzf", file).trim().split("\n");
    const descriptor = tar("-xzOf", file, "PANTRY-1.0.0-rc.1/meta/parcel.json");
    expect(checkParcel("PANTRY-1.0.0-rc.1-el8.parcel", names, JSON.parse(descriptor))).toEqual([]);
    expect(readFileSync(`${file}.sha`, "utf8")).toBe(`${createHash("sha1").update(readFileSync(file)).digest("hex")}\n`);
    expect(readFileSync(file).toString("hex", 0, 2)).toBe("1f8b");
    expect(tar("-xzOf", file, "PANTRY-1.0.0-rc.1/app/place.json")).toBe('{"here":"/opt/cloudera/parcels/PANTRY-1.0.0-rc.1/app/data"}');
  });

  test("has one member of gzip, and Python's tarfile and gzip read it", async ({ skip }) => {
    const { output } = await packParcel();
    if (!has("python3")) return skip("python3 is not installed");
    const script = `
import sys, gzip, zlib, tarfile, json, hashlib
path = sys.argv[1]
first = zlib.decompressobj(31); whole = first.decompress(open(path, 'rb').read())
assert gzip.open(path).read() == whole, 'more than one member'
with tarfile.open(path, 'r') as tar:
  member = tar.getmember('pantry-1.0.0/meta/parcel.json')
  print(json.dumps([json.loads(tar.extractfile(member).read().decode('UTF-8')), hashlib.sha1(open(path, 'rb').read()).hexdigest(), tar.getnames()]))
`;
    const [descriptor, hash, names] = JSON.parse(execFileSync("python3", ["-c", script, output ?? ""], { encoding: "utf8" })) as [
      unknown,
      string,
      string[],
    ];
    expect(checkParcel("pantry-1.0.0-el8.parcel", names, descriptor)).toEqual([]);
    expect(readFileSync(`${output}.sha`, "utf8").trim()).toBe(hash);
    return undefined;
  });

  test("goes through parcel-manifest as it is, with others of its kind", async () => {
    const a = await packParcel();
    const b = await packParcel({ parcelDistro: "jammy", parcelVersion: "2" });
    const repository = await parcelManifest({ path: place });
    expect(checkRepository(JSON.parse(readFileSync(join(place, "manifest.json"), "utf8")))).toEqual([]);
    expect(repository.parcels.map(({ parcelName, hash }) => `${parcelName} ${hash}\n`)).toEqual(
      [a, b].map(({ output }) => `${output?.slice(place.length + 1)} ${readFileSync(`${output}.sha`, "utf8")}`),
    );
  });

  test("is read by envpack as any archive", async () => {
    const { output, sha256 } = await packParcel();
    const archive = output ?? "";
    expect(createHash("sha256").update(readFileSync(archive)).digest("hex")).toBe(sha256);
    expect(await info({ path: archive })).toMatchObject({ manifest: { name: "pantry" }, format: "tar.gz" });
    const paths: string[] = [];
    for (const { path } of await list({ path: archive })) paths.push(path);
    expect(paths).toEqual(expect.arrayContaining(["app/place.json", "meta", "meta/parcel.json"]));
    expect(await verify({ path: archive, threads: 1 })).toMatchObject({ ok: true });
    const before = process.cwd();
    process.chdir(place);
    const { target } = await unpack({ archive, threads: 1 }).finally(() => {
      process.chdir(before);
    });
    expect(target).toBe(join(place, "pantry-1.0.0-el8"));
    expect(readFileSync(join(target, "app/place.json"), "utf8")).toBe(`{"here":"${target}/app/data"}`);
  });

  test("is the same bytes again, and takes what has not changed from the one that --force replaces", async () => {
    const first = await packParcel();
    const second = await packParcel({ force: true });
    expect(second.sha256).toBe(first.sha256);
    expect(readFileSync(`${first.output}.sha`, "utf8").trim()).toBe(
      createHash("sha1")
        .update(readFileSync(first.output ?? ""))
        .digest("hex"),
    );
  });

  test("activates where Cloudera Manager unpacked it, also in another folder of parcels", async ({ skip }) => {
    const missing = sandboxMissing();
    if (missing !== null) return skip(missing);
    const { output } = await packParcel({ node: "current", omit: ["npm"], parcelRoot: "/data/1/par cels/" });
    const parcels = join(place, "parcels");
    mkdirSync(parcels);
    tar("-xzf", output ?? "", "-C", parcels);
    const script =
      '. "$PARCELS_ROOT/$PARCEL_DIRNAME/meta/envpack_env.sh"; echo "rc $?"; command -v node; node "$PARCELS_ROOT/$PARCEL_DIRNAME/app/tell.cjs"';
    for (const root of ["/opt/cloudera/parcels", "/data/1/par cels", "/else where"]) {
      const env = { PATH: "/usr/bin:/bin", PARCELS_ROOT: root, PARCEL_DIRNAME: "pantry-1.0.0" };
      const outcome = await runInside({ shown: new Map([[root, parcels]]), env, node: "hidden" }, "/", ["bash", "-euc", script]);
      expect(outcome.stderr).toBe("");
      expect(outcome.stdout).toBe(`rc 0\n${root}/pantry-1.0.0/bin/node\n${"content "} ${root}/pantry-1.0.0/app/tell.cjs\n`);
    }
    // A service that does not need the parcel starts without it.
    const gone = await runInside(
      { shown: new Map([["/meta", join(parcels, "pantry-1.0.0/meta")]]), env: { PATH: "/usr/bin:/bin" }, node: "hidden" },
      "/",
      ["bash", "-euc", ". /meta/envpack_env.sh; echo on"],
    );
    expect(gone.stdout).toBe("on\n");
    return undefined;
  });
});

describe("a parcel's name", () => {
  test("comes from the output's, where that says it", async () => {
    const { output } = await packParcel({ format: undefined, parcelDistro: undefined, output: join(place, "WEB-2.0-rc.1-sles15.parcel") });
    expect(tar("-tzf", output ?? "").split("\n", 1)).toEqual(["WEB-2.0-rc.1/.envpack/"]);
  });

  test("comes from the environment and this machine, and what lacks is asked for", async () => {
    const loose = writeProject(join(place, "@acme"));
    writeFileSync(join(loose, "package.json"), '{"name":"@acme/web-shop","dependencies":{"dep":"1.0.0"}}');
    await expect(packParcel({ path: loose })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("--parcel-version 1.0"),
    });
    expect((await packParcel({ path: loose, parcelVersion: "1.0" })).output).toBe(join(place, "acme_web_shop-1.0-el8.parcel"));
  });

  test.each<[string, PackOptions, RegExp]>([
    ["a dash in the name", { parcelName: "web-shop" }, /--parcel-name/],
    ["a slash in the name", { parcelName: "../x" }, /--parcel-name/],
    ["a dash in the distribution", { parcelDistro: "ubuntu-jammy" }, /--parcel-distro.*jammy/],
    ["a version that could not be told from the rest", { parcelVersion: "1-" }, /--parcel-version/],
    ["a root folder of one's own", { arcroot: "x" }, /--arcroot away/],
    ["a destination of one's own", { destPrefix: "/x" }, /--parcel-root/],
    ["a folder of parcels that is none", { parcelRoot: "parcels" }, /\/opt\/cloudera\/parcels/],
    ["YARN", { engine: "yarn" }, /--for yarn/],
  ])("%s is refused in one line, and nothing is there", async (_, options, hint) => {
    await expect(packParcel(options)).rejects.toMatchObject({ hint: expect.stringMatching(hint) });
    expect(readdirSync(place)).toEqual([]);
  });

  test("another name for the file is refused, and the hint cures", async () => {
    const error = await packParcel({ output: join(place, "pantry.parcel") }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("pantry-1.0.0-el8.parcel"),
      hint: expect.stringContaining("-o FOLDER/"),
    });
    expect((await packParcel({ output: join(place, "FOLDER/") })).output).toBe(join(place, "FOLDER/pantry-1.0.0-el8.parcel"));
  });

  test("options of a parcel are for parcels", async () => {
    await expect(packParcel({ format: "tar.gz" })).rejects.toMatchObject({ code: "USAGE", hint: "add --format parcel" });
    expect(await runMain("pack", project, "--format", "parcel", "-o", "-")).toMatchObject({ status: 2, stdout: "" });
  });
});

describe("what is there already", () => {
  test("either file is refused and stays, and no half is made", async () => {
    for (const name of ["pantry-1.0.0-el8.parcel", "pantry-1.0.0-el8.parcel.sha"]) {
      writeFileSync(join(place, name), "mine");
      await expect(packParcel()).rejects.toMatchObject({ code: "OUTPUT_EXISTS", path: join(place, name) });
      expect(readdirSync(place)).toEqual([name]);
      rmSync(join(place, name));
    }
  });

  test("a meta folder of the environment's own is named, and --exclude cures", async () => {
    const prefix = join(place, "prefix");
    mkdirSync(join(prefix, "meta"), { recursive: true });
    mkdirSync(join(prefix, "lib/node_modules/dep"), { recursive: true });
    writeFileSync(join(prefix, "lib/node_modules/dep/package.json"), '{"name":"dep","version":"1.0.0"}');
    writeFileSync(join(prefix, "meta/parcel.json"), "{}");
    const options: PackOptions = { path: undefined, prefix, parcelName: "P", parcelVersion: "1", output: join(place, "out/") };
    await expect(packParcel(options)).rejects.toMatchObject({
      code: "USAGE",
      path: "meta/parcel.json",
      hint: expect.stringContaining("--exclude /meta/parcel.json"),
    });
    expect(existsSync(join(place, "out"))).toBe(false);
    await packParcel({ ...options, rules: [{ action: "exclude", pattern: "/meta/parcel.json" }] });
    expect(JSON.parse(tar("-xzOf", join(place, "out/P-1-el8.parcel"), "P-1/meta/parcel.json"))).toMatchObject({ name: "P" });
  });
});

test("the summary says what comes next, and it works", async () => {
  const outcome = await runMain("pack", project, "--node", "none", "--format", "parcel", "--parcel-distro", "el9", "-o", `${place}/`);
  expect(outcome).toMatchObject({ status: 0, stdout: "" });
  expect(outcome.stderr).toContain("beside it: pantry-1.0.0-el9.parcel.sha");
  expect(outcome.stderr).toContain(`next: envpack parcel-manifest ${place} `);
  expect((await runMain("parcel-manifest", place)).status).toBe(0);
});
