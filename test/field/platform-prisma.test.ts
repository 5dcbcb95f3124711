import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { CLIENT, ENGINES, generatesOwnClient } from "../../src/environment/cross/prisma.js";
import { findUnscripted } from "../../src/environment/cross/scripts.js";
import type { Environment } from "../../src/environment/environment.js";
import { readHost } from "../../src/manifest/host.js";
import type { NativeFile } from "../../src/native/native-file.js";
import { planPack } from "../../src/index.js";
import { writeTree } from "../environment/tree.js";
import { makeScratch } from "../real/commands.js";
import { elfHeader } from "./binary-headers.js";
import { ManagerProject } from "./manager-project.js";
import { refusalOf } from "./refusal-of.js";

const host = await readHost();
const isUsual = host.os === "linux" && host.arch === "x64" && host.libc === "glibc";
const scratch = makeScratch();

describe.skipIf(!isUsual)("Prisma's engines", () => {
  let project: ManagerProject;
  const asked: string[] = [];
  /** As Prisma's own mirrors: an engine compressed, and the digests of both. */
  const mirror = createServer(({ url = "" }, answer) => {
    asked.push(url);
    if (!url.includes("/linux-arm64-openssl-3.0.x/")) return answer.writeHead(404).end();
    const engine = elfHeader(183);
    const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    if (url.endsWith(".gz.sha256")) return answer.end(digest(gzipSync(engine)));
    return answer.end(url.endsWith(".sha256") ? digest(engine) : gzipSync(engine));
  });

  beforeAll(async () => {
    mirror.listen(0, "127.0.0.1");
    await once(mirror, "listening");
    project = await ManagerProject.make("npm@11.21.2", join(scratch, "prisma"), {
      "package.json": { name: "prisma-app", version: "1.0.0", dependencies: { [ENGINES]: "6.9.0" } },
    });
    await project.sh("npm install --package-lock-only --ignore-scripts");
    project.become();
    vi.stubEnv("HOME", join(scratch, "home"));
  });
  afterAll(() => {
    mirror.close();
    vi.unstubAllEnvs();
  });

  const plan = (platform: string): ReturnType<typeof planPack> => planPack({ path: project.root, node: "none", platform });

  test("come from the mirror that is named, for the target; without one, or where it has none, packing is refused", async () => {
    expect(await refusalOf(plan("linux-arm64"))).toMatchObject({
      code: "NATIVE_UNAVAILABLE",
      message: expect.stringContaining(`${ENGINES}@6.9.0`),
      hint: expect.stringContaining("PRISMA_ENGINES_MIRROR"),
    });
    expect(asked).toEqual([]);
    vi.stubEnv("PRISMA_ENGINES_MIRROR", `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`);
    const { entries } = await plan("linux-arm64");
    const engines = entries.map(({ path }) => path.replace(`app/node_modules/${ENGINES}/`, "")).filter((path) => /engine-linux/.test(path));
    expect(engines.sort()).toEqual(["libquery_engine-linux-arm64-openssl-3.0.x.so.node", "schema-engine-linux-arm64-openssl-3.0.x"]);
    expect(asked.filter((url) => !url.includes("/linux-arm64-openssl-3.0.x/"))).toEqual([]);
    expect(await refusalOf(plan("darwin-arm64"))).toMatchObject({
      code: "NATIVE_UNAVAILABLE",
      message: expect.stringMatching(/^Prisma's mirror has no engines for darwin-arm64: /),
    });
  });
});

/** An environment of made-up packages, each with a script. */
function environmentOf(folder: string, packages: readonly string[], executables: readonly NativeFile[] = []): Environment {
  for (const name of packages)
    writeTree(join(folder, "node_modules", name), {
      "package.json": { name, version: "1.0.0", scripts: { postinstall: "node install.js" } },
    });
  writeTree(folder, {
    "package.json": { name: "own", version: "1.0.0", dependencies: Object.fromEntries(packages.map((name) => [name, "1"])) },
  });
  const list = packages.map((name) => ({ name, version: "1.0.0", path: `node_modules/${name}`, dev: false }));
  const own = { name: "own", version: "1.0.0", path: "", dev: false };
  const runtime = { os: "linux", arch: "arm64", libc: "glibc", abi: "127", version: "22.0.0" };
  return { root: folder, packages: [own, ...list], natives: [], executables, runtime } as unknown as Environment;
}

const lackingOf = (environment: Environment): string[] => findUnscripted(environment, () => true).lacking.map(({ name }) => name);

test("a client that is generated into the project needs nothing in node_modules, and prisma's own script brings nothing", () => {
  const folder = join(scratch, "client");
  const environment = environmentOf(folder, ["prisma", CLIENT]);
  const schema = (body: string): void => {
    writeTree(folder, { "prisma/schema.prisma": `datasource db {\n}\ngenerator client {\n${body}\n}\n` });
  };
  expect(lackingOf(environment)).toEqual([CLIENT]);
  schema('  provider = "prisma-client-js"');
  expect(lackingOf(environment)).toEqual([CLIENT]);
  schema('  provider = "prisma-client-js"\n  output   = "../src/generated"');
  expect(lackingOf(environment)).toEqual([]);
  schema('  provider = "prisma-docs"\n  output   = "../docs"');
  expect(generatesOwnClient(folder)).toBe(false);
});

test("a program that was given to a package that downloads one counts, where it is for the target", () => {
  const program = (arch: string): NativeFile => ({
    file: "node_modules/ffmpeg-static/ffmpeg",
    package: "node_modules/ffmpeg-static",
    os: "linux",
    arch,
    libc: null,
    glibc: null,
    needed: [],
    abi: null,
  });
  expect(lackingOf(environmentOf(join(scratch, "without"), ["ffmpeg-static"]))).toEqual(["ffmpeg-static"]);
  expect(lackingOf(environmentOf(join(scratch, "with"), ["ffmpeg-static"], [program("arm64")]))).toEqual([]);
  expect(lackingOf(environmentOf(join(scratch, "other"), ["ffmpeg-static"], [program("x64")]))).toEqual(["ffmpeg-static"]);
});
