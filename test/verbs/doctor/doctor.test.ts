import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { PlannedEntry } from "../../../src/archive/entry.js";
import { checkAddons } from "../../../src/verbs/doctor/addons.js";
import type { DoctorResult, Finding } from "../../../src/verbs/doctor/doctor.js";
import { readHost } from "../../../src/manifest/host.js";
import { file, folder } from "../../engine/trees.js";
import { MANIFEST } from "../../manifest/sample.js";
import { NOBODY, nobodyMissing } from "../../real/commands.js";
import { OLD_ROOT } from "../../portable/small-environment.js";
import { makeArchive } from "../../restore/archives.js";
import { scratchFolder } from "../../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const scratch = scratchFolder("doctor-test");
const archive = join(scratch, "env.tar.gz");
const OWNER = { name: "native", version: "1.0.0", path: "app/node_modules/native" };
const ADDON = `${OWNER.path}/native.node`;
const QUIET = { PATH: process.env.PATH };

/** A real addon from npm, for this machine; null where there is none. */
const addon = findAddon();

function findAddon(): Buffer | null {
  const resolve = createRequire(import.meta.url).resolve;
  for (const name of ["@rolldown/binding-linux-x64-gnu", "@rolldown/binding-linux-arm64-gnu", "@rollup/rollup-linux-x64-gnu"]) {
    try {
      const found = dirname(resolve(`${name}/package.json`));
      const [native] = readdirSync(found).filter((entry) => entry.endsWith(".node"));
      if (native !== undefined) return readFileSync(join(found, native));
    } catch {
      // Not for this machine.
    }
  }
  return null;
}

/** The same addon with one text in it replaced by another of its length. */
function edited(content: Buffer, from: string, to: string): Buffer {
  const bytes = Buffer.from(content);
  const at = bytes.indexOf(`${from}\0`);
  if (at < 0 || from.length !== to.length) throw new Error(`the addon does not name ${from}`);
  bytes.write(to, at);
  return bytes;
}

const withAddon = (content: Uint8Array | string): PlannedEntry[] => [
  folder("app"),
  folder("app/node_modules"),
  folder(OWNER.path),
  file(ADDON, content),
];

function envpack(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; uid?: number; gid?: number } = {},
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [ENVPACK, ...args], { cwd: scratch, encoding: "utf8", env: QUIET, ...options });
}

/** What `envpack doctor` finds, by what was looked at. */
function examine(
  args: readonly string[],
  options: Parameters<typeof envpack>[1] = {},
): { status: number | null; result: DoctorResult; of: (check: string) => Finding | undefined } {
  const { status, stdout, stderr } = envpack(["doctor", "--json", ...args], options);
  expect(stderr).toBe("");
  const result = JSON.parse(stdout) as DoctorResult;
  return { status, result, of: (check) => result.findings.find((finding) => finding.check === check) };
}

beforeAll(async () => {
  await makeArchive(archive);
  expect(envpack(["unpack", "-q", "env.tar.gz", "env"]).status).toBe(0);
  symlinkSync(process.execPath, join(scratch, "env/bin/node"));
});

describe("a machine on which all is well", () => {
  test("an archive, for the folder where it is to go: status 0, and nothing is left there", () => {
    const before = readdirSync(scratch);
    const { status, result, of } = examine(["env.tar.gz", "--target", "deep/er/env"]);
    expect([status, result.ok, result.path]).toEqual([0, true, archive]);
    for (const check of ["platform", "addons", "folder", "space", "path length", "WebAssembly", "variables"])
      expect(of(check)?.status, check).toBe("ok");
    expect(readdirSync(scratch)).toEqual(before);
  });

  test("the machine alone, as a table", () => {
    const { status, stdout } = envpack(["doctor"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ok +platform +this machine is linux-/m);
    expect(stdout).toMatch(/\nnothing is known that will fail here\n$/);
    expect(envpack(["doctor", "-q"]).stdout).toBe("");
  });
});

describe("the environment", () => {
  test("is for another processor", async () => {
    const { arch, ...host } = await readHost();
    await makeArchive(join(scratch, "other.tar.gz"), { manifest: { platform: { ...host, arch: arch === "x64" ? "arm64" : "x64" } } });
    const { status, of } = examine(["other.tar.gz"]);
    expect([status, of("platform")?.status]).toEqual([1, "fails"]);
    const { stdout } = envpack(["doctor", "other.tar.gz"]);
    expect(stdout).toMatch(/^will fail +platform +this environment needs linux arm64|x64.*\n +-> pack it on a machine like this one$/m);
    expect(stdout).toMatch(/\n1 of \d+ will fail here\n$/);
  });

  test("needs a newer glibc", async () => {
    const host = await readHost();
    await makeArchive(join(scratch, "newer.tar.gz"), { manifest: { platform: { ...host, libc: "glibc", glibc: "9.99" } } });
    expect(examine(["newer.tar.gz"]).of("platform")).toMatchObject({ status: "fails", detail: expect.stringContaining("9.99") });
  });

  test("has a node that was replaced, or does not start", async () => {
    const { of } = examine(["env"]);
    const isPacked = process.versions.node === MANIFEST.runtime?.version;
    expect(of("runtime")?.status).toBe(isPacked ? "ok" : "warning");
    rmSync(join(scratch, "env/bin/node"));
    expect(examine(["env"]).of("runtime")).toMatchObject({ status: "fails", detail: expect.stringContaining("does not start") });
    symlinkSync(process.execPath, join(scratch, "env/bin/node"));
  });

  test("brings no node, and PATH has none", async () => {
    await makeArchive(join(scratch, "bare.tar.gz"), { manifest: { runtime: null } });
    expect(examine(["bare.tar.gz"]).of("runtime")?.status).toBe("ok");
    expect(examine(["bare.tar.gz"], { env: { PATH: "/nowhere" } }).of("runtime")).toMatchObject({
      status: "fails",
      hint: expect.stringContaining("--node current"),
    });
  });

  test("was moved and names its old place still", () => {
    expect(envpack(["unpack", "-q", "env.tar.gz", "moving"]).status).toBe(0);
    expect(spawnSync("mv", ["moving", "moved"], { cwd: scratch }).status).toBe(0);
    expect(examine(["moved"]).of("old place")).toMatchObject({ status: "warning", hint: expect.stringContaining("envpack relocate") });
    expect(envpack(["relocate", "-q", "moved"]).status).toBe(0);
    expect(examine(["moved"]).of("old place")).toBeUndefined();
  });

  test("has scripts whose first line would be too long", async () => {
    await makeArchive(join(scratch, "shebang.tar.gz"), { entries: [folder("bin"), file("bin/tool", `#!${OLD_ROOT}/bin/node\n`, true)] });
    const long = join(scratch, "x".repeat(250 - scratch.length));
    expect(examine(["shebang.tar.gz", "--target", long]).of("shebang")).toMatchObject({
      status: "fails",
      detail: expect.stringContaining("bin/tool"),
    });
    expect(examine(["env.tar.gz", "--target", long]).of("shebang")).toBeUndefined();
    expect(
      examine(["env.tar.gz", "--target", join("/", ...Array.from({ length: 20 }, () => "y".repeat(220)))]).of("path length")?.status,
    ).toBe("fails");
  });

  test.each([
    ["nothing", "nowhere", /IO/],
    ["a folder that is none", ".", /NOT_AN_ENVIRONMENT/],
    ["a text", "text", /NOT_AN_ARCHIVE/],
  ])("is %s: one line", (_what, path, message) => {
    writeFileSync(join(scratch, "text"), "text");
    const { status, stdout, stderr } = envpack(["doctor", path]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  });
});

describe.skipIf(addon === null)("an addon", () => {
  const real = addon ?? Buffer.alloc(0);
  let host: Awaited<ReturnType<typeof readHost>>;
  beforeAll(async () => {
    host = await readHost();
  });

  async function check(content: Uint8Array, here = host, abi = "115"): Promise<Finding[]> {
    const place = mkdtempSync(join(scratch, "addon-"));
    mkdirSync(join(place, OWNER.path), { recursive: true });
    writeFileSync(join(place, ADDON), content);
    const runtime = { ...MANIFEST.runtime!, abi };
    return checkAddons(place, { ...MANIFEST, runtime, packages: [OWNER] }, here);
  }

  test("with all that it needs is no trouble", async () => {
    expect(await check(real)).toEqual([
      { check: "addons", status: "ok", detail: "1 for this platform, with all the libraries that they need", hint: null },
    ]);
  });

  test("whose library is not here is named with it, from a folder and from an archive", async () => {
    const lacking = edited(real, "libgcc_s.so.1", "libnone_.so.1");
    expect(await check(lacking)).toMatchObject([{ status: "fails", detail: `cannot be loaded: ${ADDON} (lacks libnone_.so.1)` }]);
    await makeArchive(join(scratch, "lacking.tar.gz"), { entries: withAddon(lacking), manifest: { packages: [OWNER] } });
    const { status, of } = examine(["lacking.tar.gz"]);
    expect([status, of("addons")?.status]).toEqual([1, "fails"]);
    // A library beside it does not help without a RUNPATH; LD_LIBRARY_PATH does.
    const libraries = join(scratch, "libraries");
    mkdirSync(libraries);
    const [, own = ""] = /=> (\S*libgcc_s\S*)/.exec(spawnSync("ldd", [process.execPath], { encoding: "utf8" }).stdout) ?? [];
    writeFileSync(join(libraries, "libnone_.so.1"), readFileSync(own));
    const helped = examine(["lacking.tar.gz"], { env: { ...QUIET, LD_LIBRARY_PATH: libraries } });
    expect([helped.of("addons")?.status, helped.of("variables")?.status]).toEqual(["ok", "warning"]);
  });

  test("that needs a newer glibc than there is", async () => {
    expect(await check(real, { ...host, glibc: "2.2" })).toMatchObject([
      { status: "fails", detail: expect.stringMatching(/newer glibc than 2\.2, .*native\.node \(2\.\d+\)/) },
    ]);
  });

  test("built for another Node.js", async () => {
    const bound = edited(real, "napi_register_module_v1", "node_register_module_v1");
    expect(await check(bound)).toMatchObject([{ status: "fails", detail: expect.stringMatching(/ABI 115: .*native\.node \(1\)/) }]);
    expect(await check(bound, host, "1")).toMatchObject([{ status: "ok" }]);
  });

  test("for another platform, beside which the package has none for this", async () => {
    expect(await check(real, { ...host, os: "darwin" })).toMatchObject([
      { status: "warning", detail: expect.stringContaining("for other platforms only") },
    ]);
  });
});

describe("limits and variables", () => {
  test("a limit of virtual memory in which WebAssembly fails, or which newer versions of Node.js get along with", () => {
    const limited = (words: string): SpawnSyncReturns<string> =>
      spawnSync("bash", ["-c", `ulimit -v 6000000; exec ${process.execPath} ${words}`], { encoding: "utf8", env: QUIET, cwd: scratch });
    // Node.js 20 gives up where there is no room for guards around a memory, 26 does without them.
    const fails = limited("-e 'new WebAssembly.Memory({ initial: 1 })'").status !== 0;
    if (process.versions.node.startsWith("20.")) expect(fails).toBe(true);
    const { status, stdout } = limited(`${ENVPACK} doctor --json`);
    expect(status).toBe(fails ? 1 : 0);
    const findings = (JSON.parse(stdout) as DoctorResult).findings;
    expect(findings.find(({ check }) => check === "WebAssembly")).toMatchObject({
      status: fails ? "fails" : "ok",
      detail: expect.stringContaining("6144 MB"),
    });
  });

  test("a container of YARN, whose check of virtual memory is on or off", () => {
    const conf = mkdtempSync(join(scratch, "conf-"));
    const settings = (value: string): void => {
      writeFileSync(
        join(conf, "yarn-site.xml"),
        `<configuration><property><name>yarn.nodemanager.vmem-check-enabled</name>\n<value> ${value} </value></property></configuration>`,
      );
    };
    const container = { ...QUIET, CONTAINER_ID: "container_1700000000000_0001_01_000002" };
    expect(examine([], { env: container }).of("YARN")?.status).toBe("warning");
    settings("true");
    expect(examine([], { env: { ...container, HADOOP_CONF_DIR: conf } }).of("YARN")?.status).toBe("warning");
    settings("false");
    expect(examine([], { env: { ...container, HADOOP_CONF_DIR: conf } }).of("YARN")?.status).toBe("ok");
    expect(examine([]).of("YARN")).toBeUndefined();
  });

  describe("E2: where variables were not passed on", () => {
    const id = "container_e07_1700000000000_0001_01_000002";
    const words = `"${process.execPath}" "${ENVPACK}" doctor`;
    const run = (line: string, options: Parameters<typeof envpack>[1] = {}): SpawnSyncReturns<string> =>
      spawnSync("/bin/sh", ["-c", `${line}; exit $?`], { encoding: "utf8", env: QUIET, cwd: scratch, ...options });

    test("a container of YARN is known by a process above it, with the settings that this one has", () => {
      const conf = mkdtempSync(join(scratch, "conf-"));
      const lines = (env: NodeJS.ProcessEnv): string =>
        run(`sh -c 'env -i ${words}; exit $?'`, { env: { ...QUIET, CONTAINER_ID: id, ...env } }).stdout;
      expect(lines({})).toMatch(/^warning +YARN +this is a container of YARN/m);
      expect(lines({})).toMatch(/\n2 may fail here\n$/);
      writeFileSync(
        join(conf, "yarn-site.xml"),
        "<property><name>yarn.nodemanager.vmem-check-enabled</name><value>false</value></property>",
      );
      expect(lines({ HADOOP_CONF_DIR: conf })).toMatch(/^ok +YARN +its check of virtual memory is off/m);
    });

    test("a container of YARN is known by its folder", () => {
      const place = join(scratch, "usercache/me/appcache/application_1700000000000_0001", id);
      mkdirSync(place, { recursive: true });
      expect(run(`env -i ${words}`, { cwd: place }).stdout).toMatch(/^warning +YARN +this is a container of YARN/m);
    });

    test("where nothing tells, doctor says what it cannot know, and does not comfort", () => {
      const { status, stdout } = run(`env -i ${words}`);
      expect([status, stdout]).toEqual([0, expect.not.stringContaining("nothing is known")]);
      expect(stdout).toMatch(
        /^warning +variables +neither PATH nor HOME is set: .* limits that an engine only tells by them are not known$/m,
      );
      expect(stdout).toMatch(/\n1 may fail here\n$/);
    });

    test.skipIf(nobodyMissing() !== null)("processes of others above, whose variables cannot be read, stop nothing", () => {
      const { status, stdout } = run(`setpriv --reuid=${NOBODY.uid} --regid=${NOBODY.gid} --clear-groups env -i ${words}`, {
        env: { ...QUIET, CONTAINER_ID: id },
        cwd: "/",
      });
      expect([status, stdout]).toEqual([1, expect.stringMatching(/not known$/m)]);
    });
  });

  test("variables that reach into Node.js, but not those of an activated environment", () => {
    const { status, result } = examine([], { env: { ...QUIET, NODE_PATH: "/x", LD_LIBRARY_PATH: "/y" } });
    expect(status).toBe(0);
    expect(result.findings.filter(({ check }) => check === "variables").map(({ detail }) => detail.split(" ")[0])).toEqual([
      "NODE_PATH",
      "LD_LIBRARY_PATH",
    ]);
  });
});

/** Why no file system can be mounted here; null where one can. */
function mountMissing(): string | null {
  if (process.getuid?.() !== 0) return "only root can mount";
  const { status, stderr } = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], { encoding: "utf8" });
  return status === 0 ? null : `mounting is not allowed here: ${stderr.trim()}`;
}

const unmountable = mountMissing();

describe.skipIf(unmountable !== null)(`places${unmountable === null ? "" : ` (${unmountable})`}`, () => {
  /** As `examine`, with a file system of its own at `place`, in a namespace that is gone afterwards. */
  function examineOn(options: string, args: readonly string[], before = ""): { status: number | null; findings: readonly Finding[] } {
    const place = join(scratch, "place");
    mkdirSync(place, { recursive: true });
    const line = `mount -t tmpfs -o ${options} none "${place}" && ${before === "" ? "" : `${before} && `} exec "${process.execPath}" "${ENVPACK}" doctor --json ${args.join(" ")}`;
    const { status, stdout, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", line], { encoding: "utf8", env: QUIET, cwd: scratch });
    expect(stderr).toBe("");
    return { status, findings: (JSON.parse(stdout) as DoctorResult).findings };
  }

  test.each([
    ["mounted noexec", "noexec", "noexec", "place is mounted noexec"],
    ["mounted read-only", "ro", "folder", "read-only"],
    ["too small", "size=1m", "space", "are free, and it takes about"],
    ["out of inodes", "size=100m,nr_inodes=7", "inodes", "files more can be made"],
  ])("a folder that is %s", (_what, options, check, text) => {
    const { status, findings } = examineOn(options, ["env.tar.gz", "--target", "place/env"]);
    expect(status).toBe(1);
    expect(findings.filter((finding) => finding.status === "fails")).toMatchObject([{ check, detail: expect.stringContaining(text) }]);
  });

  test("an environment that lies on a noexec mount", () => {
    const { status, findings } = examineOn("noexec", ["place/env"], `cp -a env place/env`);
    expect(status).toBe(1);
    expect(findings.find(({ check }) => check === "noexec")?.detail).toContain("mounted noexec");
  });

  test("a folder of another user", (context) => {
    const missing = nobodyMissing();
    if (missing !== null) context.skip(missing);
    const world = scratchFolder("doctor-nobody");
    try {
      spawnSync("chmod", ["755", world, scratch]);
      const { status, of } = examine([archive, "--target", join(world, "env")], { cwd: "/", ...NOBODY });
      expect([status, of("folder")?.detail]).toEqual([1, expect.stringContaining("this user may not write there (EACCES)")]);
    } finally {
      rmSync(world, { recursive: true, force: true });
    }
  });
});
