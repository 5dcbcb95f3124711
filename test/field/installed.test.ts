import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeFolder } from "../environment/tree.js";
import { smallNode } from "../small-node.js";
import { codes, leftOut, ManagerProject, runMoved } from "./manager-project.js";

/* What is installed is asked of the disk: states of an installation that are legal and not the lockfile's. */

const scratch = makeFolder();
const NODE = smallNode();
let at = 0;
const folder = (): string => join(scratch, String(at++));
const MS = "console.log(require('ms')('1d'));\n";

describe("P3: pnpm with configDependencies", () => {
  test.each([
    ["pnpm@12.21.0", undefined],
    ["pnpm@11.28.11", "node@24.21.0"],
  ])("P3: %s: its own state stays out, and the last document of the lockfile counts", async (spec, node) => {
    const project = await ManagerProject.make(
      spec,
      folder(),
      {
        "package.json": {
          name: "one",
          version: "1.0.0",
          private: true,
          dependencies: { ms: "2.1.3" },
          devDependencies: { semver: "7.6.0" },
        },
        "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
        "packages/tool/package.json": { name: "tool", version: "1.0.0", dependencies: { mkdirp: "3.0.1" } },
        "index.js": MS,
      },
      node,
    );
    await project.sh("pnpm add --config @pnpm/trusted-deps@0.1.1 && pnpm install");
    expect(existsSync(join(project.root, "node_modules/.pnpm-config"))).toBe(true);
    expect(readFileSync(join(project.root, "pnpm-lock.yaml"), "utf8")).toMatch(/^---\n[\s\S]*\n---\n/);
    const packed = await project.pack("p3", { omit: ["dev"], node: NODE });
    expect(leftOut(packed)).toEqual(expect.arrayContaining(["app/node_modules/.pnpm-config", "app/node_modules/semver"]));
    expect([codes(packed), packed.manifest.bins]).toEqual([[], ["mkdirp"]]);
    expect(existsSync(join(packed.env, "app/node_modules/.pnpm-config"))).toBe(false);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/index.js")).toBe("86400000");
      expect(runMoved(packed, "bin/mkdirp", "--version")).toBe("3.0.1");
    });
  });
});

describe("P4: npm's linked strategy", () => {
  test.each(["npm@11.21.2", "npm@10.9.4"])(
    "P4: %s installs into node_modules/.store, and that packs and runs, without development too",
    async (spec) => {
      const project = await ManagerProject.make(spec, folder(), {
        ".npmrc": "install-strategy=linked\n",
        "package.json": { name: "one", version: "1.0.0", dependencies: { debug: "4.3.4" }, devDependencies: { semver: "7.6.0" } },
        "index.js": "require('debug'); console.log('loaded');\n",
      });
      await project.sh("npm install");
      expect(existsSync(join(project.root, "node_modules/.store"))).toBe(true);
      const packed = await project.pack("p4");
      expect(codes(packed)).toEqual([]);
      expect(packed.manifest.bins).toEqual(["semver"]);
      const production = await project.pack("p4-omit", { omit: ["dev"], node: NODE });
      expect(production.manifest.bins).toEqual([]);
      await project.vanished(() => {
        expect([packed, production].map((one) => runMoved(one, "bin/node", "app/index.js"))).toEqual(["loaded", "loaded"]);
      });
      const lost = join(project.root, "node_modules/.store", "debug");
      const store = (await project.sh("ls node_modules/.store")).stdout.split("\n").find((name) => name.startsWith("ms@")) ?? "";
      expect(lost).not.toBe(store);
      rmSync(join(project.root, "node_modules/.store", store), { recursive: true });
      await expect(project.pack("p4-broken")).rejects.toMatchObject({
        code: "LOCK_MISMATCH",
        message: expect.stringContaining("ms@2.1.2 is missing"),
      });
    },
  );
});

const WORKSPACE = {
  "package.json": { name: "ws", private: true, workspaces: ["packages/*"] },
  "packages/api/package.json": { name: "api", version: "1.0.0", dependencies: { ms: "2.1.3" } },
  "packages/api/index.js": MS,
  "packages/web/package.json": { name: "web", version: "1.0.0", dependencies: { debug: "4.3.4" } },
};

describe("P5: a member is held against its own packages", () => {
  test("P5: npm ci -w packages/api: that member packs and runs, the root says which one is bare", async () => {
    const project = await ManagerProject.make("npm@11.21.2", folder(), WORKSPACE);
    await project.sh("npm install --package-lock-only && npm ci -w packages/api");
    const packed = await project.pack("member", { path: "packages/api", node: NODE });
    expect(codes(packed)).toEqual([]);
    const whole = await project.pack("whole");
    expect(whole.notices).toMatchObject([{ code: "MEMBER_NOT_INSTALLED", message: expect.stringMatching(/: packages\/web$/) }]);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/packages/api/index.js")).toBe("86400000");
    });
    await expect(project.pack("bare", { path: "packages/web" })).rejects.toMatchObject({
      code: "NOT_INSTALLED",
      message: expect.stringContaining("debug"),
    });
  });

  test.each([
    ["npm@11.21.2", "npm install", "node_modules/ms", "node_modules/debug"],
    ["pnpm@10.34.9", "pnpm install", "node_modules/.pnpm/ms@2.1.3", "node_modules/.pnpm/debug@4.3.4"],
    ["yarn@1.22.22", "yarn install", "node_modules/ms", "node_modules/debug"],
    ["yarn@4.18.1", "yarn install", "node_modules/ms", "node_modules/debug"],
    ["bun@1.4.5", "bun install", "node_modules/ms", "node_modules/debug"],
  ])("P5: %s: damage in another member's packages is none of its business, damage in its own is", async (spec, install, own, other) => {
    const project = await ManagerProject.make(spec, folder(), {
      ...WORKSPACE,
      "pnpm-workspace.yaml": "packages: ['packages/*']\n",
      ...(spec.startsWith("yarn@4") ? { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" } : {}),
      ...(spec.startsWith("bun") ? { "bunfig.toml": '[install]\nlinker = "hoisted"\n' } : {}),
    });
    await project.sh(install);
    rmSync(join(project.root, other), { recursive: true });
    // What only the other member declares is named, where it lies beside this one's; that it is damaged is not.
    expect(codes(await project.pack("whole-api", { path: "packages/api" })).filter((code) => code !== "UNDECLARED")).toEqual([]);
    await expect(project.pack("web", { path: "packages/web" })).rejects.toMatchObject({ hint: expect.stringContaining("--ignore-lock") });
    rmSync(join(project.root, own), { recursive: true });
    await expect(project.pack("api", { path: "packages/api" })).rejects.toMatchObject({
      message: expect.stringMatching(/\bms\b/),
      hint: expect.stringContaining("--ignore-lock"),
    });
    expect(codes(await project.pack("api-as-it-is", { path: "packages/api", ignoreLock: true })).length).toBeGreaterThan(0);
  });
});

describe("P6: what an installation left out on purpose", () => {
  test.each(["npm ci --omit=dev --omit=optional", "npm ci --omit=dev", "npm install && npm prune --omit=dev"])(
    "P6: %s, with an optional peer that is for development too",
    async (line) => {
      const project = await ManagerProject.make("npm@11.21.2", folder(), {
        "package.json": { name: "one", version: "1.0.0", dependencies: { valibot: "1.0.0" }, devDependencies: { typescript: "5.4.5" } },
        "index.js": "console.log(typeof require('valibot').parse);\n",
      });
      await project.sh(`npm install --package-lock-only && ${line}`);
      const packed = await project.pack("p6");
      expect(codes(packed)).toEqual([]);
      await project.vanished(() => {
        expect(runMoved(packed, "bin/node", "app/index.js")).toBe("function");
      });
    },
  );

  test.each([
    ["pnpm@10.34.9", "pnpm install && pnpm prune --prod"],
    ["pnpm@12.21.0", "pnpm install --lockfile-only && pnpm install --prod --frozen-lockfile"],
    ["yarn@1.22.22", "yarn install && yarn install --production"],
    ["yarn@4.18.1", "yarn install && yarn workspaces focus --production"],
    ["bun@1.4.5", "bun install && rm -rf node_modules && bun install --production"],
    ["deno@2.9.6", "deno install"],
    ["npm@6.14.18", "npm install && npm prune --production"],
  ])("P6: %s: %s", async (spec, line) => {
    const project = await ManagerProject.make(spec, folder(), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { debug: "4.3.4" }, devDependencies: { semver: "7.5.0" } },
      "index.js": "require('debug'); console.log('loaded');\n",
      ...(spec.startsWith("yarn@4") ? { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" } : {}),
    });
    await project.sh(line);
    const packed = await project.pack("p6");
    expect(codes(packed)).toEqual([]);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/index.js")).toBe("loaded");
    });
  });
});

describe("P7: two packages claim one command", () => {
  test.each([
    ["npm@11.21.2", "npm install", {}],
    ["pnpm@12.21.0", "pnpm install", {}],
    ["pnpm@10.34.9", "pnpm install", {}],
    ["yarn@1.22.22", "yarn install", {}],
    ["yarn@4.18.1", "yarn install", { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" }],
    ["bun@1.4.5", "bun install", {}],
    ["deno@2.9.6", "deno install", {}],
  ])("P7: %s: bin/ has what .bin starts, and a note names both as installed", async (spec, install, files) => {
    const project = await ManagerProject.make(spec, folder(), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { "a-semver": "npm:semver@5.7.2", semver: "7.6.0" } },
      ...files,
    });
    await project.sh(install);
    const { stdout } = await project.sh("node_modules/.bin/semver --help | head -1");
    const version = stdout.trim().replace("SemVer ", "");
    const packed = await project.pack("p7");
    const [winner, other] = version === "7.6.0" ? ["semver 7.6.0", "a-semver (semver 5.7.2)"] : ["a-semver (semver 5.7.2)", "semver 7.6.0"];
    expect(packed.notices).toEqual([
      { code: "BIN_CLASH", message: `the command semver is that of ${winner}; the one of ${other} is not put into bin/` },
    ]);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/semver", "--help").split("\n")[0]).toBe(`SemVer ${version}`);
    });
  });

  test("P7: Yarn's Plug'n'Play has no .bin: bin/ has what yarn run starts", async () => {
    const project = await ManagerProject.make("yarn@4.18.1", folder(), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { "a-semver": "npm:semver@5.7.2", semver: "7.6.0" } },
      "yarn.lock": "",
    });
    await project.sh("yarn install");
    const said = (await project.sh("yarn semver --help | head -1")).stdout.trim();
    const packed = await project.pack("p7");
    expect(said).toBe("SemVer 7.6.0");
    await project.vanished(() => {
      expect(runMoved(packed, "bin/semver", "--help").split("\n")[0]).toBe(said);
    });
  });

  test("P7: a command that no direct dependency has under .bin, and a .bin that leads nowhere", async () => {
    const project = await ManagerProject.make("npm@11.21.2", folder(), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { semver: "7.6.0" } },
    });
    await project.sh("npm install --no-bin-links");
    expect((await project.pack("no-links")).manifest.bins).toEqual(["semver"]);
    await project.sh("mkdir -p node_modules/.bin && ln -s ../gone/x.js node_modules/.bin/semver");
    expect((await project.pack("dangling", { rules: [{ action: "exclude", pattern: ".bin" }] })).manifest.bins).toEqual(["semver"]);
  });
});

describe("P10: pruned and traced outputs", () => {
  test("P10: what @vercel/nft traced packs with a note, and runs", async () => {
    const project = await ManagerProject.make("npm@11.21.2", folder(), {
      "package.json": { name: "one", version: "1.0.0", dependencies: { debug: "4.3.4", semver: "7.6.0", "@vercel/nft": "0.30.2" } },
      "index.js": "require('debug'); console.log('loaded');\n",
      "trace.mjs":
        "import { nodeFileTrace } from '@vercel/nft';\nimport { cpSync } from 'node:fs';\nconst { fileList } = await nodeFileTrace(['index.js']);\nfor (const file of fileList) cpSync(file, `out/${file}`, { recursive: true });\ncpSync('package.json', 'out/package.json');\n",
    });
    await project.sh("npm install && node trace.mjs");
    writeFileSync(join(project.root, "out/package-lock.json"), readFileSync(join(project.root, "package-lock.json")));
    const packed = await project.pack("traced", { path: "out", node: NODE });
    expect(packed.notices).toMatchObject([{ code: "PRUNED", message: expect.stringMatching(/semver.*@vercel\/nft|@vercel\/nft.*semver/) }]);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/index.js")).toBe("loaded");
    });
  });

  test.each(["pnpm@10.34.9", "pnpm@12.21.0"])("P10: %s deploy packs without a word, and runs", async (spec) => {
    const project = await ManagerProject.make(spec, folder(), {
      "package.json": { name: "ws", private: true },
      "pnpm-workspace.yaml": "packages: ['packages/*']\ninjectWorkspacePackages: true\n",
      "packages/lib/package.json": { name: "lib", version: "1.0.0", dependencies: { ms: "2.1.3" } },
      "packages/lib/index.js": "module.exports = require('ms');\n",
      "packages/api/package.json": {
        name: "api",
        version: "1.0.0",
        dependencies: { lib: "workspace:*" },
        devDependencies: { semver: "7.6.0" },
      },
      "packages/api/index.js": "console.log(require('lib')('1d'));\n",
    });
    await project.sh("pnpm install && pnpm --filter api deploy --prod ./out");
    const packed = await project.pack("deployed", { path: "out" });
    expect(codes(packed)).toEqual([]);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/index.js")).toBe("86400000");
    });
  });

  test("P10: a bundle without node_modules is refused, with a way past that packs it", async () => {
    const project = await ManagerProject.make("npm@11.21.2", folder(), {
      "package.json": { name: "bundled", version: "1.0.0", dependencies: { ms: "2.1.3" } },
      "index.js": "console.log('bundled');\n",
    });
    await expect(project.pack("bundle")).rejects.toMatchObject({ code: "NOT_INSTALLED", hint: expect.stringContaining("--ignore-lock") });
    const packed = await project.pack("bundle", { ignoreLock: true });
    expect(packed.notices).toMatchObject([{ code: "NOT_INSTALLED", message: expect.stringContaining("packed as it is") }]);
    expect(runMoved(packed, "bin/node", "app/index.js")).toBe("bundled");
  });
});
