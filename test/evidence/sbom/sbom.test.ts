import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { beforeAll, describe, expect, test } from "vitest";
import { fileOfBytes } from "../../../src/archive/entry.js";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { readerOfRecord } from "../../../src/evidence/sbom/install-record.js";
import { takeInventory } from "../../../src/evidence/sbom/inventory.js";
import { plannedTree } from "../../../src/evidence/sbom/planned-tree.js";
import { licenses } from "../../../src/verbs/licenses.js";
import { pack } from "../../../src/verbs/pack/pack.js";
import { sbom } from "../../../src/verbs/sbom.js";
import { unpack } from "../../../src/verbs/unpack.js";
import { verify } from "../../../src/verbs/verify.js";
import { makeScratch } from "../../real/commands.js";

/** As JSON.parse gives it. */
type Json = ReturnType<typeof JSON.parse>;

const scratch = makeScratch();
const at = (name: string): string => join(scratch, name);
const archive = at("shop 1.tar.zst");
const light = at("light.tar.gz");

function write(folder: string, files: Record<string, unknown>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = at(join(folder, name));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  }
}

const integrity = `sha512-${Buffer.alloc(64, 7).toString("base64")}`;

beforeAll(async () => {
  write("shop", {
    "package.json": { name: "shop", version: "1.0.0", license: "MIT", dependencies: { "@s/a": "1", b: "1", git: "1" } },
    "node_modules/@s/a/package.json": { name: "@s/a", version: "1.2.3", license: "(MIT OR GPL-3.0-only)", dependencies: { c: "2" } },
    "node_modules/@s/a/LICENSE": "the licence of a\n",
    "node_modules/@s/a/lib/libfoo.so.1.2.3": "no ELF file",
    "node_modules/@s/a/versions.json": { zlib: "1.3.1" },
    "node_modules/@s/a/node_modules/c/package.json": { name: "c", version: "2.0.0", licenses: [{ type: "MIT" }, { type: "ISC" }] },
    "node_modules/@s/a/test/node_modules/fixture/package.json": { name: "fixture", version: "1.0.0" },
    "node_modules/b/package.json": { name: "b", version: "1.0.0", license: "MIT/X11", dependencies: { c: "1" } },
    "node_modules/b/NOTICE.txt": "notice of b\n",
    "node_modules/c/package.json": { name: "c", version: "1.0.0" },
    "node_modules/git/package.json": { name: "git", version: "1.0.0", license: "GPL-3.0-only AND ISC" },
    "node_modules/.package-lock.json": {
      lockfileVersion: 3,
      packages: {
        "node_modules/@s/a": { version: "1.2.3", integrity, resolved: "https://registry.example/@s/a/-/a-1.2.3.tgz" },
        "node_modules/@s/a/node_modules/c": { version: "2.0.0" },
        "node_modules/b": { version: "1.0.0" },
        "node_modules/c": { version: "1.0.0" },
        "node_modules/git": { version: "1.0.0", resolved: "git+ssh://git@github.com/o/git.git#0123456789012345678901234567890123456789" },
      },
    },
  });
  await pack({ path: at("shop"), output: archive, sbom: "cyclonedx", checksum: true, ignoreLock: true });
  await pack({ path: at("shop"), output: light, node: "none", ignoreLock: true });
}, 120_000);

const made = new Map<string, Promise<{ document: string }>>();

/** It takes a second to read a Node.js: each is made once. */
async function documentOf(path: string, format: "cyclonedx" | "spdx"): Promise<Json> {
  const key = `${format} ${path}`;
  if (!made.has(key)) made.set(key, sbom({ path, format }));
  return JSON.parse((await made.get(key))?.document ?? "");
}

describe("a bill of materials", () => {
  test("is one by the published schema of CycloneDX 1.6", async () => {
    const folder = join(dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json")), "res/schema");
    const read = (name: string): object => JSON.parse(readFileSync(join(folder, name), "utf8"));
    const ajv = new Ajv({
      strict: false,
      validateFormats: true,
      schemas: Object.fromEntries(
        ["spdx", "jsf-0.82", "cryptography-defs"].map((name) => [
          `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
          read(`${name}.SNAPSHOT.schema.json`),
        ]),
      ),
    });
    (addFormats as unknown as (ajv: Ajv) => void)(ajv);
    ajv.addFormat("iri-reference", true).addFormat("idn-email", true);
    const validate = ajv.compile(read("bom-1.6.SNAPSHOT.schema.json"));
    const document = await documentOf(archive, "cyclonedx");
    validate(document);
    expect(validate.errors).toBeNull();
    expect(validate({ ...document, components: [{ name: "no type" }] })).toBe(false);
  });

  test("names packages with purl, licence, digest and what Node.js finds for them, and no test's fixture", async () => {
    const { components, dependencies } = await documentOf(archive, "cyclonedx");
    const find = (ref: string): Json => components.find((one: Json) => one["bom-ref"] === ref);
    const needs = (ref: string): string[] => dependencies.find((one: Json) => one.ref === ref).dependsOn ?? [];
    expect(find("app/node_modules/@s/a")).toMatchObject({
      group: "@s",
      name: "a",
      purl: "pkg:npm/%40s/a@1.2.3",
      licenses: [{ expression: "(MIT OR GPL-3.0-only)" }],
      hashes: [{ alg: "SHA-512", content: "07".repeat(64) }],
    });
    expect(find("app/node_modules/git").purl).toMatch(
      /^pkg:npm\/git@1\.0\.0\?vcs_url=git%2Bssh%3A%2F%2Fgit%40github\.com%2Fo%2Fgit\.git%230123/,
    );
    expect(needs("app/node_modules/@s/a")).toEqual([
      "app/node_modules/@s/a#zlib",
      "app/node_modules/@s/a/lib/libfoo.so.1.2.3",
      "app/node_modules/@s/a/node_modules/c",
    ]);
    expect(needs("app/node_modules/b")).toEqual(["app/node_modules/c"]);
    expect(needs(".")).toEqual(expect.arrayContaining(["app/node_modules/@s/a", "app/node_modules/b", "bin/node"]));
    expect(components.map((one: Json) => one.name)).not.toContain("fixture");
    const refs = components.map((one: Json) => one["bom-ref"]);
    expect(new Set(refs).size).toBe(refs.length);
  });

  test("names Node.js by the digest of its packed binary, and what is built into it as Node.js itself does", async () => {
    const { components } = await documentOf(archive, "cyclonedx");
    const find = (ref: string): Json => components.find((one: Json) => one["bom-ref"] === ref);
    const sha256 = execFileSync("sha256sum", [process.execPath], { encoding: "utf8" }).slice(0, 64);
    expect(find("bin/node")).toMatchObject({
      version: process.versions.node,
      hashes: [{ alg: "SHA-256", content: sha256 }],
      cpe: expect.stringContaining(`nodejs:node.js:${process.versions.node}:`),
    });
    expect(process.versions.v8).toContain(find("bin/node#v8").version);
    expect(process.versions.openssl).toContain(find("bin/node#openssl").version);
  });

  test("is in the archive, beside it, and the same when it is made of the archive or of the environment", async () => {
    const beside = readFileSync(`${archive}.cdx.json`, "utf8");
    expect((await sbom({ path: archive })).document).toBe(beside);
    await unpack({ archive, target: at("deep/er/shop") });
    expect(readFileSync(at("deep/er/shop/.envpack/sbom.cdx.json"), "utf8")).toBe(beside);
    expect((await sbom({ path: at("deep/er/shop") })).document).toBe(beside);
    expect((await verify({ path: at("deep/er/shop") })).ok).toBe(true);
    writeFileSync(at("deep/er/shop/app/node_modules/b/package.json"), "{}");
    await expect(sbom({ path: at("deep/er/shop") })).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  test("of SPDX has a name for each relation, and a reference for each unclear licence", async () => {
    const { packages, relationships, hasExtractedLicensingInfos } = await documentOf(archive, "spdx");
    const ids = new Set(["SPDXRef-DOCUMENT", ...packages.map((one: Json) => one.SPDXID)]);
    expect(ids.size).toBe(packages.length + 1);
    for (const { spdxElementId, relatedSpdxElement } of relationships)
      expect([ids.has(spdxElementId), ids.has(relatedSpdxElement)]).toEqual([true, true]);
    const b = packages.find((one: Json) => one.name === "b");
    expect(hasExtractedLicensingInfos.find((one: Json) => one.licenseId === b.licenseDeclared)).toMatchObject({ extractedText: "MIT/X11" });
  });

  test("leaves a file that exists, and one that is no archive, with one line", async () => {
    await expect(sbom({ path: archive, output: `${archive}.cdx.json` })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    await expect(sbom({ path: at("shop/package.json") })).rejects.toMatchObject({ code: "NOT_AN_ARCHIVE" });
    writeFileSync(at("new.tar.gz.sha256"), "somebody's");
    await expect(
      pack({ path: at("shop"), output: at("new.tar.gz"), node: "none", checksum: true, ignoreLock: true }),
    ).rejects.toMatchObject({ code: "OUTPUT_EXISTS", path: at("new.tar.gz.sha256") });
    expect(readdirSync(scratch)).not.toContain("new.tar.gz");
    expect(readFileSync(at("new.tar.gz.sha256"), "utf8")).toBe("somebody's");
  });
});

test("sha256sum takes the file beside the archive, whatever the archive's name", async () => {
  expect(execFileSync("sha256sum", ["-c", "shop 1.tar.zst.sha256"], { cwd: scratch, encoding: "utf8" })).toContain("OK");
  const odd = at("back\\slash\nline.tar.gz");
  await pack({ path: at("shop"), node: "none", output: odd, checksum: true, ignoreLock: true });
  expect(execFileSync("sha256sum", ["--strict", "-c", `${odd}.sha256`], { cwd: scratch, encoding: "utf8" })).toContain("OK");
});

describe("licences", () => {
  const named = async (policy: object): Promise<string[]> =>
    (await licenses({ path: light, ...policy })).packages
      .filter(({ refused, path }) => refused !== null && path.startsWith("app/"))
      .map(({ name, version }) => `${name}@${version}`);

  test("that are unclear or missing are named", async () => {
    const { packages, ok } = await licenses({ path: light });
    const kinds = Object.fromEntries(packages.map(({ path, kind }) => [path, kind]));
    expect(ok).toBe(true);
    expect(kinds).toMatchObject({
      "app/node_modules/@s/a": "spdx",
      "app/node_modules/b": "unclear",
      "app/node_modules/c": "missing",
      "app/node_modules/@s/a/node_modules/c": "spdx",
    });
  });

  test("OR leaves a choice, AND does not, an unclear name is looked at by its parts", async () => {
    expect(await named({ deny: ["gpl-*"] })).toEqual(["git@1.0.0"]);
    expect(await named({ deny: ["MIT"] })).toEqual(["b@1.0.0"]);
    expect(await named({ deny: ["MIT", "GPL-*"] })).toEqual(["@s/a@1.2.3", "b@1.0.0", "git@1.0.0"]);
    expect(await named({ allow: ["MIT", "ISC"] })).toEqual(["b@1.0.0", "c@1.0.0", "git@1.0.0"]);
    expect(await named({ allow: ["MIT", "MIT/X11", "GPL-*", "ISC", "NOASSERTION"] })).toEqual([]);
    await expect(licenses({ path: light, deny: [" "] })).rejects.toMatchObject({ code: "USAGE" });
  });

  test("all texts go into one file, and who has none is named", async () => {
    const texts = at("NOTICES");
    await licenses({ path: light, texts });
    const text = readFileSync(texts, "utf8");
    for (const part of ["the licence of a\n", "notice of b\n", "c 1.0.0\nlicence: not named"]) expect(text).toContain(part);
    await expect(licenses({ path: light, texts })).rejects.toMatchObject({ code: "OUTPUT_EXISTS" });
    expect(readdirSync(scratch).filter((name) => name.startsWith(".envpack-"))).toEqual([]);
  });
});

test("an address loses the user and password of a private registry", () => {
  const record = { packages: { "node_modules/a": { version: "1.0.0", resolved: "https://user:word@example.org/a.tgz" } } };
  const find = readerOfRecord("app/node_modules/.package-lock.json", "npm")?.(
    "app/node_modules/.package-lock.json",
    Buffer.from(JSON.stringify(record)),
  );
  expect(find?.("app/node_modules/a", "a", "1.0.0")).toEqual({ hashes: [], source: "https://example.org/a.tgz" });
});

const MS = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==";

test.each([
  [
    "yarn",
    "yarn.lock",
    `# yarn lockfile v1\n\n\n"short@npm:ms@2", ms@^2.1.3:\n  version "2.1.3"\n  resolved "https://example.org/ms.tgz#574c"\n  integrity ${MS}\n`,
  ],
  ["bun", "bun.lock", `{"lockfileVersion": 1, "packages": {"ms": ["ms@2.1.3", "https://example.org/ms.tgz", {}, "${MS}"],}}`],
  [
    "deno",
    "deno.lock",
    `{"version": "5", "npm": {"ms@2.1.3_peer@1.0.0": {"integrity": "${MS}", "tarball": "https://example.org/ms.tgz"}}}`,
  ],
  [
    "pnpm",
    "node_modules/.pnpm/lock.yaml",
    `packages:\n  ms@2.1.3:\n    resolution: {integrity: ${MS}, tarball: https://example.org/ms.tgz}\n`,
  ],
])("the integrity of what %s installed is that of %s", (manager, file, text) => {
  const path = `app/${file}`;
  const find = readerOfRecord(path, manager)?.(path, Buffer.from(text));
  const origin = {
    hashes: [{ algorithm: "SHA-512", hex: Buffer.from(MS.slice(7), "base64").toString("hex") }],
    source: "https://example.org/ms.tgz",
  };
  for (const folder of ["app/node_modules/ms", "links/ms/node_modules/ms", "store/v11/links/@/ms/2.1.3/5a/node_modules/ms"])
    expect(find?.(folder, "ms", "2.1.3")).toEqual(origin);
  expect(find?.("app/node_modules/ms", "ms", "2.1.2")).toBe(null);
  expect(find?.("other/node_modules/ms", "ms", "2.1.3")).toBe(null);
});

test("a lockfile counts where its manager installed the packages, and is none where a package has brought it", () => {
  expect(readerOfRecord("app/yarn.lock", "npm")).toBe(null);
  expect(readerOfRecord("app/node_modules/a/yarn.lock", "yarn")).toBe(null);
  expect(readerOfRecord("links/a/bun.lock", "bun")).not.toBe(null);
});

test("one name and version from two places has the integrity of neither", () => {
  const entry = (name: string, integrity: string): string => `${name}:\n  version "1.0.0"\n  integrity ${integrity}\n`;
  const text = `# yarn lockfile v1\n\n${entry("a@^1.0.0", MS)}\n${entry("b@npm:a@1.0.0", MS.replace("6F", "7F"))}\n${entry("c@1", MS)}`;
  const find = readerOfRecord("app/yarn.lock", "yarn")?.("app/yarn.lock", Buffer.from(text));
  expect(find?.("app/node_modules/a", "a", "1.0.0")).toBe(null);
  expect(find?.("app/node_modules/c", "c", "1.0.0")?.hashes).toHaveLength(1);
});

test("a package.json that is no JSON object is noted, with the name that was noted when it was packed", async () => {
  const tree = plannedTree([fileOfBytes("app/node_modules/a/package.json", Buffer.from("{"))]);
  const manifest = {
    name: "x",
    version: null,
    kind: "project",
    runtime: null,
    resolveFrom: ["app"],
    packages: [{ name: "a", version: "1.0.0", path: "app/node_modules/a" }],
  };
  const { components, notices } = await takeInventory(tree, manifest as unknown as Manifest);
  expect(components).toMatchObject([{ name: "a", version: "1.0.0", license: { kind: "missing" } }]);
  expect(notices).toMatchObject([{ code: "PACKAGE_UNREADABLE", path: "app/node_modules/a/package.json" }]);
});

test("packages that links lead to are found as Node.js finds them", async () => {
  write("linked", {
    "package.json": { name: "linked", version: "1.0.0", dependencies: { a: "1" } },
    "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json": { name: "a", version: "1.0.0", license: "MIT", dependencies: { b: "1" } },
    "node_modules/.pnpm/b@1.0.0/node_modules/b/package.json": { name: "b", version: "1.0.0", license: "MIT" },
  });
  symlinkSync(".pnpm/a@1.0.0/node_modules/a", at("linked/node_modules/a"));
  symlinkSync("../../b@1.0.0/node_modules/b", at("linked/node_modules/.pnpm/a@1.0.0/node_modules/b"));
  const output = at("linked.tar.gz");
  await pack({ path: at("linked"), output, node: "none", ignoreLock: true });
  const { dependencies } = await documentOf(output, "cyclonedx");
  expect(dependencies.find((one: Json) => one.ref === ".").dependsOn).toEqual(["app/node_modules/.pnpm/a@1.0.0/node_modules/a"]);
  expect(dependencies.find((one: Json) => one.ref.endsWith("/a")).dependsOn).toEqual(["app/node_modules/.pnpm/b@1.0.0/node_modules/b"]);
  rmSync(at("linked"), { recursive: true });
});
