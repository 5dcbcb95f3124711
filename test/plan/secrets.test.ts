import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/environment/read.js";
import type { EnvpackError } from "../../src/support/errors.js";
import type { FilterRule } from "../../src/support/filters.js";
import { planArchive } from "../../src/plan/plan-archive.js";
import type { Plan } from "../../src/plan/plan.js";
import { makeFolder, writeTree } from "../environment/tree.js";

const scratch = makeFolder();
const KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n";
let at = 0;
let folder: string;

beforeEach(() => {
  folder = writeTree(join(scratch, String(at++)), { "package.json": { name: "p" } });
});

async function plan(includeSecrets: string[] = [], rules: FilterRule[] = []): Promise<Plan> {
  const environment = await readEnvironment(folder, { node: "none" });
  return planArchive(environment, { rules, omitDev: false, includeSecrets, output: null });
}

const filesOf = ({ entries }: Plan): string[] => entries.filter(({ type }) => type === "file").map(({ path }) => path);

describe("secrets by name stay behind", () => {
  test.each([
    ...[".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "auth.ini", ".netrc", ".git-credentials", ".sentryclirc"],
    ...[".env", ".env.local", ".env.production", ".envrc", ".dev.vars", "local.settings.json", "id_rsa", "id_ed25519"],
    ...[".NPMRC", ".dev.vars.production", "id_ed25519_sk", "CERT.PFX"],
    ...["cert.p12", "cert.pfx", "npm-debug.log", ".bash_history", ".node_repl_history"],
    ...[".git/config", ".hg/store", ".svn/entries", ".aws/credentials", ".ssh/known_hosts", ".docker/config.json"],
    ...[".kube/config", ".vercel/project.json", ".netlify/state.json", ".wrangler/state", ".turbo/config.json"],
  ])("%s, anywhere, and no include brings it back", async (name) => {
    writeTree(folder, { [name]: "secret", [`deep/down/${name}`]: "secret" });
    const found = await plan([], [{ action: "include", pattern: "**" }]);
    expect(filesOf(found)).toEqual(["app/package.json"]);
    expect(found.leftOut.length).toBe(2);
    expect(found.leftOut.reduce((sum, { files }) => sum + (files ?? 0), 0)).toBe(2);
  });

  test.each([".env.example", ".env.sample", ".env.template", ".env.local.example", "environment", "key.js", ".gitignore"])(
    "%s goes in",
    async (name) => {
      writeTree(folder, { [name]: "x" });
      expect(filesOf(await plan())).toContain(`app/${name}`);
    },
  );

  test("a key by its content: certificates and public keys stay in", async () => {
    writeTree(folder, {
      "ca.pem": CERTIFICATE,
      "server.key": KEY,
      "both.pem": CERTIFICATE + KEY,
      "late.pem": "x".repeat(2_000_000) + KEY,
      "keys.key/a": "x",
    });
    const found = await plan();
    expect(filesOf(found)).toEqual(["app/ca.pem", "app/keys.key/a", "app/package.json"]);
    expect(found.leftOut.map(({ kind }) => kind)).toEqual(["private key", "private key", "private key"]);
  });

  test("what packages publish for their tests is told once, with a count", async () => {
    writeTree(folder, {
      "node_modules/x/package.json": { name: "x" },
      "node_modules/x/test/.env": "",
      "node_modules/x/test/k.pem": KEY,
      "node_modules/x/.npmrc": "",
    });
    const fixtures = (await plan()).notices.filter(({ code }) => code === "SECRET_FIXTURES");
    expect(fixtures).toMatchObject([{ message: expect.stringContaining("3 files") }]);
  });
});

describe("credentials in files that stay stop the packing with their line, never their value", () => {
  const VALUE = "s3cretValue";
  test.each<[string, string, number]>([
    ["package-lock.json", `{\n  "packages": {\n    "": { "resolved": "https://me:${VALUE}@host/x.tgz" } } }`, 3],
    ["yarn.lock", `# yarn\nx@1:\n  resolved "https://u:${VALUE}@host/x"\n`, 3],
    ["pnpm-lock.yaml", `tarball: https://:${VALUE}@host/x`, 1],
    ["package.json", `{"name":"p",\n"_authToken": "${VALUE}"}`, 2],
    ["sub/package.json", `{"config": {"_password": "${VALUE}"}}`, 1],
    ["pnpm-workspace.yaml", `registries:\n  default: https://u:${VALUE}@host/\n`, 2],
    ["node_modules/.yarn-state.yml", `npmAuthToken: ${VALUE}`, 1],
    ["bun.lock", `"x": "npm_${"a1".repeat(18)}"`, 1],
    ["deno.lock", `"ghp_${"a1".repeat(18)}"`, 1],
    ["npm-shrinkwrap.json", `{"lockfileVersion": 3, "packages": {}, "x": "//host/:_authToken=${VALUE}"}`, 1],
    ["package.json", `{"scripts": {"x": "curl https://me:${VALUE}@127.0.0.1/"}}`, 1],
    ["package-lock.json", `{"packages": {"": {"resolved": "https://host/x.tgz?v=1&private_token=${VALUE}-${VALUE}"}}}`, 1],
    ["yarn.lock", `resolved "https://me:$1${VALUE}{}@host/x"`, 1],
    ["yarn.lock", `resolved "https://\${USER}:${VALUE}@host/x"`, 1],
    ["package.json", `{"config": {"_auth": "$$${VALUE}"}}`, 1],
    ["package-lock.json", `{"a": "https://${"a1".repeat(10)}@host/x.tgz"}`, 1],
    ["package-lock.json", `{"a": "https://k3yword9@host/x.tgz"}`, 1],
    ["node_modules/b/package.json", `{"name": "b", "version": "1.0.0", "_resolved": "https://${"Ab".repeat(10)}@host/b.tgz"}`, 1],
    ["node_modules/b/package.json", `{"name": "b", "version": "1.0.0", "_resolved": "https://host/b.tgz?token=${VALUE}${VALUE}"}`, 1],
    ["package-lock.json", `{"a": "https:\\/\\/me:${VALUE}@host\\/x.tgz"}`, 1],
    ["yarn.lock", `\n\nresolved "https://host/x.tgz?sig=${VALUE}"`, 3],
    ["yarn.lock", `resolved "https://host/x.tgz?v=1&apikey=${VALUE}"`, 1],
    ["yarn.lock", `resolved "https://host/x.tgz?api_key=${VALUE}#abcdef"`, 1],
    ["yarn.lock", `resolved "https://host/x.tgz?private_key=${VALUE}"`, 1],
    ["yarn.lock", `resolved "https://host/x.tgz#token=${VALUE}"`, 1],
    ["yarn.lock", `resolved "https://host/x.tgz?X-Amz-Signature=${VALUE}"`, 1],
    ["yarn.lock", `"x@npm:1::__archiveUrl=https%3A%2F%2Fme%3A${VALUE}%40host%2Fx.tgz"`, 1],
    ["pnpm-lock.yaml", `tarball: https://host/x?token=s3cr`, 1],
    ["bun.lock", `"https://host/a", "https://me:${VALUE}@host/b"`, 1],
    ["package-lock.json", `${" ".repeat((1 << 20) - 12)}\n{"a": "https://me:${VALUE}@host/x.tgz"}`, 2],
    ["package-lock.json", `${"\n".repeat(9)}${" ".repeat(1 << 20)}\n{"a": "https://me:${VALUE}@host/x.tgz"}`, 11],
  ])("%s", async (name, content, line) => {
    writeTree(folder, { [name]: content });
    const error: unknown = await plan().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SECRET_FOUND", path: join(folder, name), message: expect.stringContaining(`line ${line} `) });
    expect(JSON.stringify([(error as EnvpackError).message, (error as EnvpackError).hint])).not.toMatch(/s3cret|a1a1/);
  });

  test.each([
    ["package.json", '{"repository": "git+ssh://git@github.com/x/y.git", "a": "https://host:8080/@scope/x"}'],
    ["package.json", '{"scripts": {"test": "DB=postgres://me:me@localhost:5432/test mocha"}}'],
    ["package.json", '{"config": {"x": "https://${USER}:${TOKEN}@host/", "_authToken": "${NPM_TOKEN}"}}'],
    ["package.json", '{"peerDependencies": {"npm_package": "1", "my_auth": "2"}}'],
    ["README.md", "https://me:pass@host/"],
    [
      "package-lock.json",
      '{"a": "git+https://user@host/x.git#0123456789abcdef0123456789abcdef01234567", "b": "git+ssh://git2024x@host/x.git#semver:1"}',
    ],
    ["yarn.lock", 'resolved "https://host/x.tgz#0123456789abcdef0123456789abcdef01234567"\n"x@https://host/a.git#commit=0123456789abcdef"'],
    ["yarn.lock", 'resolved "https://host/x.tgz?cache=12345678&v=2&token=${NPM_TOKEN}&sig="'],
    [
      "node_modules/b/package.json",
      '{"name": "b", "version": "1.0.0", "badge": "https://ci.example/x.svg?circle-token=abc123&key=abcdef", "_auth_note": "none"}',
    ],
    ["package.json", '{"scripts": {"a": "http://localhost:3000/a@b", "b": "curl https://***:***@host"}}'],
  ])("no false alarm in %s: %s", async (name, content) => {
    writeTree(folder, { [name]: content });
    await expect(plan()).resolves.toBeDefined();
  });

  test("a file that is left out is not searched", async () => {
    writeTree(folder, { "yarn.lock": "https://u:p@host/" });
    await expect(plan([], [{ action: "exclude", pattern: "yarn.lock" }])).resolves.toBeDefined();
  });
});

describe("--include-secret", () => {
  test("brings in the one file that it names, and the plan tells", async () => {
    writeTree(folder, { ".env": "", "sub/.env": "", "k.pem": KEY });
    const found = await plan([".env", "k.pem"]);
    expect(filesOf(found)).toEqual(["app/.env", "app/k.pem", "app/package.json"]);
    expect(found.includedSecrets).toEqual(["app/.env", "app/k.pem"]);
  });

  test("lets a searched file pass, and a folder with all that it holds", async () => {
    writeTree(folder, { "yarn.lock": "https://u:p@host/", ".aws/credentials": "x" });
    const found = await plan(["yarn.lock", join(folder, ".aws")]);
    expect(filesOf(found)).toEqual(["app/.aws/credentials", "app/package.json", "app/yarn.lock"]);
    expect(found.includedSecrets).toEqual(["app/.aws", "app/yarn.lock"]);
  });

  test("does not win over an exclude", async () => {
    writeTree(folder, { ".env": "", ".netrc": "" });
    expect(filesOf(await plan([".env", ".netrc"], [{ action: "exclude", pattern: ".env" }]))).toEqual(["app/.netrc", "app/package.json"]);
  });

  test("is refused where it names nothing, or lies outside", async () => {
    mkdirSync(join(folder, "x"));
    writeTree(folder, { ".env": "" });
    await expect(plan([".env", "nothing/.env"])).rejects.toMatchObject({ code: "USAGE" });
    await expect(plan(["../.env"])).rejects.toMatchObject({ code: "USAGE" });
  });
});
