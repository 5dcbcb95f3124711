import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { deliverRegistry, doctor, info, list, pack, verify } from "../../src/index.js";
import { startRegistry, type FakeRegistry } from "./registry/fake-registry.js";
import { LIBC, makeBase, write } from "./make-base.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder("access");
const project = join(scratch, "shop");
const base = join(scratch, "base.oci");
const layout = join(scratch, "shop.oci.tar");
const mounts: string[] = [];
let registry: FakeRegistry;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  process.env.DOCKER_CONFIG = join(scratch, "docker");
  mkdirSync(join(scratch, "docker"));
  registry = await startRegistry();
  write(join(project, "package.json"), JSON.stringify({ name: "shop", version: "1.4.0", main: "server.js" }));
  write(join(project, "server.js"), "console.log(1)\n");
  write(join(project, "noise.bin"), randomBytes(3 << 20));
  makeBase(base, [LIBC, ["usr/bin/node", "node"]]);
  await pack({ path: project, node: "none", threads: 1, output: layout, image: { base } });
  await deliverRegistry({ sources: [layout], to: [`${registry.host}/shop:1`] });
}, 60_000);

afterEach(() => {
  registry.fault = null;
  vi.unstubAllEnvs();
});
afterAll(async () => {
  for (const folder of mounts) spawnSync("umount", [folder]);
  await registry.close();
});

/** Whatever looks at an image from outside, as API and commands do. */
const LOOKS = { info, list, verify, doctor: (options: { path: string }) => doctor({ ...options, env: {} }) };

test.each(Object.entries(LOOKS))(
  "%s of an image on another machine speaks HTTP without TLS only where that is asked for",
  async (_name, look) => {
    // A proxy stands for the other machine: the registry answers for every host that it is asked for.
    vi.stubEnv("HTTP_PROXY", `http://${registry.host}`);
    const path = "registry.invalid:5000/shop:1";
    await expect(look({ path })).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    const found = await look({ path, plainHttp: true });
    expect(JSON.stringify(found)).toMatch(/server\.js|"ok":|2\.36/);
  },
);

test.each(Object.entries(LOOKS))("%s takes a login to a host of another domain where that is named", async (_name, look) => {
  const helper = await startRegistry();
  helper.fault = (_one, response) => {
    response.writeHead(200).end('{"token":"abc"}');
    return true;
  };
  const there = helper.host.replace("127.0.0.1", "localhost");
  registry.fault = (one, response) => {
    if (one.headers.authorization === "Bearer abc") return false;
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${there}/token"` }).end();
    return true;
  };
  writeFileSync(
    join(scratch, "docker/config.json"),
    JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from("me:pass-word").toString("base64") } } }),
  );
  const path = `${registry.host}/shop:1`;
  try {
    const refusal = await look({ path }).catch((error: unknown) => error as Error & { readonly hint: string });
    expect(refusal).toMatchObject({ code: "REGISTRY_REFUSED", hint: expect.stringContaining(`--auth-host ${there}`) });
    expect(JSON.stringify(refusal)).not.toContain("pass-word");
    expect(helper.log).toEqual([]);
    await look({ path, authHosts: [there] });
    expect(helper.log).toHaveLength(1);
  } finally {
    rmSync(join(scratch, "docker/config.json"));
    await helper.close();
  }
});

test.each(["docker://127.0.0.1:5000/shop:1", "https://ghcr.io/acme/shop:1", "127.0.0.1:5000/Shop:1", "ghcr.io/Acme/shop:1"])(
  "%s is told as a misspelt name, and not looked for as a file",
  async (path) => {
    for (const look of Object.values(LOOKS))
      await expect(look({ path })).rejects.toMatchObject({ code: "USAGE", hint: expect.stringContaining("HOST") });
    await expect(info({ path: `./${path}` })).rejects.toMatchObject({ code: "IO" });
  },
);

test("an image that the registry has not is told with what to look at", async () => {
  const path = `${registry.host}/shop:none`;
  await expect(info({ path })).rejects.toMatchObject({ code: "IMAGE_INVALID", path, hint: expect.stringContaining("spelling") });
});

test("Ctrl-C in a push leaves no tag and no folder behind, and what was pushed before stays", async () => {
  const temporary = join(scratch, "tmp");
  mkdirSync(temporary);
  vi.stubEnv("TMPDIR", temporary);
  const before = registry.manifests.get("shop 1");
  for (const push of [
    (signal: AbortSignal) => deliverRegistry({ sources: [layout], to: [`${registry.host}/shop:1`, `${registry.host}/stopped:1`], signal }),
    (signal: AbortSignal) =>
      pack({ path: project, node: "none", threads: 1, image: { base, to: [`${registry.host}/stopped:1`] }, reuse: false, signal }),
  ]) {
    const stop = new AbortController();
    registry.blobs.clear();
    registry.fault = (one) => {
      if (one.method === "PATCH") stop.abort();
      return false;
    };
    await expect(push(stop.signal)).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(readdirSync(temporary)).toEqual([]);
  }
  expect([...registry.manifests.keys()].filter((key) => key.startsWith("stopped"))).toEqual([]);
  expect(registry.manifests.get("shop 1")).toBe(before);
});

test("a disk that is full while a layout is written is told, and nothing is left on it", async ({ skip }) => {
  const folder = join(scratch, "full");
  mkdirSync(folder);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", folder]).status !== 0) return skip("needs the right to mount");
  mounts.push(folder);
  for (const size of ["16k", "64k", "1m", "2m"]) {
    expect(spawnSync("mount", ["-o", `remount,size=${size}`, folder]).status).toBe(0);
    for (const name of ["x.oci.tar", "x.oci", "deep/er/x.oci", "deep/er/x.oci.tar"]) {
      await expect(pack({ path: project, node: "none", threads: 1, output: join(folder, name), image: { base } })).rejects.toMatchObject({
        code: "NO_SPACE",
        path: expect.stringContaining(name),
      });
      expect([size, name, readdirSync(folder)]).toEqual([size, name, []]);
    }
  }
  // A push keeps its layers in the temporary folder meanwhile.
  vi.stubEnv("TMPDIR", folder);
  await expect(
    pack({ path: project, node: "none", threads: 1, reuse: false, image: { base, to: [`${registry.host}/full:1`] } }),
  ).rejects.toMatchObject({ code: "NO_SPACE" });
  expect(readdirSync(folder)).toEqual([]);
  expect(registry.manifests.has("full 1")).toBe(false);
  return undefined;
});
