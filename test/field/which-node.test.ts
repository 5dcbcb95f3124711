import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkAddons } from "../../src/environment/addons.js";
import type { Environment } from "../../src/environment/environment.js";
import { noticeWantedNode } from "../../src/environment/wanted-node.js";
import type { Progress } from "../../src/support/progress.js";
import { list } from "../../src/verbs/list.js";
import { pack } from "../../src/verbs/pack/pack.js";
import { packText } from "../../src/cli/pack-summary.js";
import { fakeRegistry, loginTo } from "../environment/fake-registry.js";
import { makeFolder, sampleProject, writeTree } from "../environment/tree.js";

const { state } = fakeRegistry();

afterEach(() => {
  vi.unstubAllEnvs();
});

/** What is said of Node 20.20.2 in a project of these files. */
function noticed(tree: Parameters<typeof writeTree>[1], member?: string): string[] {
  const root = writeTree(makeFolder(), { "package.json": {}, ...tree });
  const environment = {
    kind: "project",
    root,
    member: member === undefined ? null : { path: member, closure: new Set() },
    runtime: { version: "20.20.2" },
  };
  return noticeWantedNode(environment as unknown as Environment).map(({ message }) => message);
}

describe("P15: a Node that the project does not ask for is told, with the option that brings one", () => {
  test.each<[string, string, Parameters<typeof writeTree>[1]]>([
    [">=22 (engines.node of package.json)", "'>=22'", { "package.json": { engines: { node: ">=22" } } }],
    ["v22.11.0 (.nvmrc)", "22.11.0", { ".nvmrc": "v22.11.0 # exact\n" }],
    ["lts/jod (.nvmrc)", "22", { ".nvmrc": "lts/jod" }],
    ["22 (.node-version)", "22", { ".node-version": "22\n" }],
    ["22.1.0 or 24.0.0 (.tool-versions)", "'22.1.0 || 24.0.0'", { ".tool-versions": "python 3.12\nnodejs 22.1.0 24.0.0\n" }],
    ["22.1.0 (volta.node of package.json)", "22.1.0", { "package.json": { volta: { node: "22.1.0" } } }],
    [
      "^22 (devEngines.runtime of package.json)",
      "'^22'",
      { "package.json": { devEngines: { runtime: [{ name: "bun" }, { name: "node", version: "^22" }] } } },
    ],
    ["22 (mise.toml)", "22", { "mise.toml": '[env]\nnode = "18"\n[tools]\npython = "3"\nnode = "22"\n' }],
    ["24 (.config/mise.toml)", "24", { ".config/mise.toml": '[tools.node]\nversion = "24"\n' }],
    ["22 (.nvmrc), >=21 (engines.node of package.json)", "22", { ".nvmrc": "22", "package.json": { engines: { node: ">=21" } } }],
  ])("%s", (asked, way, tree) => {
    expect(noticed(tree)).toEqual([`Node.js 20.20.2 goes in, but the project asks for ${asked}: --node ${way} brings one`]);
  });

  test("of a workspace's member the nearest counts, and what is fine or no version says nothing", () => {
    expect(noticed({ ".nvmrc": "22", "packages/a/package.json": {}, "packages/a/.nvmrc": "20" }, "packages/a")).toEqual([]);
    expect(noticed({ ".nvmrc": "22", "packages/a/package.json": {} }, "packages/a")).toHaveLength(1);
    for (const text of ["20", "v20.20.2", "lts/iron", "lts/*", "system", "", "node", "x".repeat(100_000), "\n".repeat(100_000)])
      expect(noticed({ ".nvmrc": text })).toEqual([]);
    expect(noticed({ "package.json": { engines: { node: ">=18 <21" }, volta: { node: 20 } } })).toEqual([]);
  });
});

describe("P16: prebuilds for older versions of Node only", () => {
  const native = {
    file: "node_modules/m/prebuilds/linux-x64/node-93.node",
    package: "node_modules/m",
    os: "linux",
    arch: "x64",
    libc: "glibc",
    glibc: null,
    needed: [],
    abi: "93",
  } as const;
  const runtime = { version: "1.2.3", os: "linux", arch: "x64", abi: process.versions.modules, libc: "glibc" };
  const environment = {
    root: "/nowhere",
    packages: [{ name: "m", version: "1.0.0", path: "node_modules/m", dev: false }],
    natives: [native],
    runtime,
  } as unknown as Environment;

  test("are told, where the Node that is packed could not load them before either", () => {
    expect(checkAddons(environment, () => true)).toMatchObject([
      { code: "ADDON_WITHOUT_MATCH", message: expect.stringContaining("m@1.0.0 brings addons for other versions"), path: native.file },
    ]);
  });

  test("are refused where another is packed, and each of the hint's ways cures", () => {
    const other = { ...environment, runtime: { ...runtime, abi: "1" } } as unknown as Environment;
    let hint = "";
    try {
      checkAddons(other, () => true);
    } catch (error) {
      ({ hint } = error as { hint: string });
    }
    expect(hint).toBe(
      `run \`npm rebuild\` with node 1.2.3, pack the node that it was built for with \`--node 16\`, or leave it out with \`--exclude '/${native.file}'\` if nothing needs it`,
    );
    expect(checkAddons(other, (file) => file !== native.file)).toEqual([]);
    expect(checkAddons({ ...environment, runtime: { ...runtime, abi: "93" } } as unknown as Environment, () => true)).toEqual([]);
  });

  test("and what Yarn 1 wrote down of the Node that it installed with decides", () => {
    const root = writeTree(makeFolder(), { "node_modules/.yarn-integrity": '{\n  "systemParams": "linux-x64-83",\n' });
    expect(() => checkAddons({ ...environment, root }, () => true)).toThrow(expect.objectContaining({ code: "ADDON_MISMATCH" }));
  });
});

test("N6, N7, N11: the fetching is told step by step, the summary names the Node and its registry, and --omit npm leaves npm with its commands out", async () => {
  loginTo(state.address());
  const folder = makeFolder();
  const project = writeTree(join(folder, "p"), sampleProject());
  writeFileSync(join(project, ".nvmrc"), process.versions.node);
  const steps: string[] = [];
  const onProgress = ({ stage, detail }: Progress): void => void (stage === "fetching" && steps.push(detail ?? ""));
  const without = await pack({ path: project, node: "98.0.0", omit: ["npm"], reuse: false, output: join(folder, "a.tar"), onProgress });
  expect(steps.map((step) => step.replace(/-(linux|darwin|win32)-\w+/, ""))).toEqual([
    "asks for the integrity of node@98.0.0",
    "brings node@98.0.0",
    "unpacks node@98.0.0",
  ]);
  expect(without.runtime).toEqual({ version: process.versions.node, origin: "registry", from: state.address() });
  expect(packText(without, 1)).toContain(`with Node.js ${process.versions.node}, from the registry ${state.address()}\n`);
  const paths = (await list({ path: join(folder, "a.tar") })).map(({ path }) => path);
  expect(paths).toContain("bin/node");
  expect(paths.filter((path) => /^lib\/node_modules\/npm|^bin\/np/.test(path))).toEqual([]);
  expect(without.notices.map(({ code }) => code)).not.toContain("RUNTIME_WITHOUT_NPM");
  expect(without.manifest.omitted).toEqual([]);
  const withNpm = await pack({ path: project, node: "98.0.0", reuse: false, output: join(folder, "b.tar") });
  const all = (await list({ path: join(folder, "b.tar") })).map(({ path }) => path);
  expect(all).toEqual(expect.arrayContaining(["bin/npm", "bin/npx", "lib/node_modules/npm/bin/npm-cli.js"]));
  expect(packText(withNpm, 1)).not.toContain("NODE_NOT_WANTED");
});
