import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseReference } from "../../../src/image/oci/reference.js";
import { findCredentials } from "../../../src/image/registry/credentials.js";
import { isLoopback, proxyFor } from "../../../src/image/registry/proxy.js";
import { fetchToken, readChallenge } from "../../../src/image/registry/tokens.js";
import { scratchFolder } from "../../scratch.js";

const scratch = scratchFolder("logins");

let count = 0;
/** A home with a configuration of docker's in it, and a helper on its PATH. */
function homeWith(config: unknown, helper = "exit 1"): NodeJS.ProcessEnv {
  const home = join(scratch, String(count++));
  mkdirSync(join(home, ".docker"), { recursive: true });
  writeFileSync(join(home, ".docker/config.json"), typeof config === "string" ? config : JSON.stringify(config));
  writeFileSync(join(home, "docker-credential-cloud"), `#!/bin/sh\nread server\n${helper}\n`);
  chmodSync(join(home, "docker-credential-cloud"), 0o755);
  return { HOME: home, PATH: `${home}:/usr/bin:/bin` };
}

const auth = (text: string): { readonly auth: string } => ({ auth: Buffer.from(text).toString("base64") });
const shop = parseReference("ghcr.io/acme/shop");

test("a login is found by the registry, by its address, and by the longest path", async () => {
  const password = { kind: "password", user: "me", password: "a:b" };
  expect(await findCredentials(shop, homeWith({ auths: { "ghcr.io": auth("me:a:b") } }))).toEqual(password);
  expect(await findCredentials(shop, homeWith({ auths: { "https://ghcr.io/v1/": auth("me:a:b") } }))).toEqual(password);
  expect(await findCredentials(shop, homeWith({ auths: { "ghcr.io": auth("other:x"), "ghcr.io/acme": auth("me:a:b") } }))).toEqual(
    password,
  );
  expect(await findCredentials(shop, homeWith({ auths: { "quay.io": auth("me:a:b") } }))).toBe(null);
  expect(await findCredentials(parseReference("alpine"), homeWith({ auths: { "https://index.docker.io/v1/": auth("me:a:b") } }))).toEqual(
    password,
  );
  expect(await findCredentials(shop, homeWith({ auths: { "ghcr.io": { identitytoken: "t" } } }))).toEqual({ kind: "identity", token: "t" });
  expect(await findCredentials(shop, homeWith({ auths: { "ghcr.io": { registrytoken: "t" } } }))).toEqual({ kind: "token", token: "t" });
  await expect(findCredentials(shop, homeWith({ auths: { "ghcr.io": { registrytoken: "t\r\nHost: x" } } }))).rejects.toMatchObject({
    code: "REGISTRY_REFUSED",
  });
});

test("what old programs put behind a password is none of it", async () => {
  expect(await findCredentials(shop, homeWith({ auths: { "ghcr.io": auth("me:word\0\0") } }))).toMatchObject({ password: "word" });
});

test("a password goes to hosts of the registry's own domain, and not to others of its country", async () => {
  const credentials = { kind: "password", user: "me", password: "word" } as const;
  const asked: string[] = [];
  const ask = async (registry: string, realm: string): Promise<unknown> =>
    fetchToken({
      ...{
        challenge: { kind: "bearer", realm, service: null, scope: null },
        scopes: [],
        credentials,
        authHosts: [],
        registry: new URL(registry),
      },
      send: async ({ url }) => {
        asked.push(url.host);
        throw new Error("asked");
      },
    });
  await expect(ask("https://r.acme.co.uk/", "https://auth.evil.co.uk/t")).rejects.toMatchObject({ code: "REGISTRY_REFUSED" });
  await expect(ask("https://r.acme.com/", "https://acme.com.evil.org/t")).rejects.toMatchObject({ code: "REGISTRY_REFUSED" });
  await expect(ask("https://10.0.0.1/", "https://11.0.0.1/t")).rejects.toMatchObject({ code: "REGISTRY_REFUSED" });
  await expect(ask("https://r.acme.com/", "http://auth.acme.com/t")).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
  expect(asked).toEqual([]);
  await expect(ask("https://r.acme.co.uk/", "https://auth.acme.co.uk/t")).rejects.toThrow("asked");
  await expect(ask("https://r.acme.com/", "https://auth.acme.com/t")).rejects.toThrow("asked");
});

test("helpers are asked, and what they do not know is no error", async () => {
  const knows = `test "$server" = ghcr.io && echo '{"Username":"me","Secret":"s"}' && exit 0; echo "credentials not found in native keychain"; exit 1`;
  expect(await findCredentials(shop, homeWith({ credHelpers: { "ghcr.io": "cloud" } }, knows))).toEqual({
    kind: "password",
    user: "me",
    password: "s",
  });
  expect(await findCredentials(parseReference("quay.io/x"), homeWith({ credsStore: "cloud" }, knows))).toBe(null);
  const token = `echo '{"Username":"<token>","Secret":"s"}'`;
  expect(await findCredentials(shop, homeWith({ credsStore: "cloud" }, token))).toEqual({ kind: "identity", token: "s" });
});

test("logins stand by any address of the registry, and with plain fields as Kubernetes' secrets have them", async () => {
  const password = { kind: "password", user: "me", password: "a:b" };
  const plain = { username: "me", password: "a:b" };
  for (const key of ["https://ghcr.io/v2/acme/", "http://ghcr.io", "ghcr.io"])
    expect(await findCredentials(shop, homeWith({ auths: { [key]: plain } }))).toEqual(password);
  expect(await findCredentials(shop, homeWith({ auths: { "https://ghcr.io.evil.example/": plain } }))).toBe(null);
});

test("a helper that knows hosts only, and fails at a path, is asked for the host; an empty answer is none", async () => {
  const hosts = `case "$server" in */*) echo "not a registry"; exit 2;; *) echo '{"Username":"me","Secret":"s"}';; esac`;
  expect(await findCredentials(shop, homeWith({ credsStore: "cloud" }, hosts))).toMatchObject({ user: "me", password: "s" });
  expect(await findCredentials(shop, homeWith({ credsStore: "cloud" }, `echo '{"Username":"","Secret":""}'`))).toBe(null);
});

test("a helper that fails, or is missing, and a broken file are told without what they hold", async () => {
  const without = { message: expect.not.stringContaining("secret-word") };
  await expect(findCredentials(shop, homeWith({ credsStore: "cloud" }, "echo secret-word; exit 3"))).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    ...without,
  });
  await expect(findCredentials(shop, homeWith({ credsStore: "nowhere" }))).rejects.toMatchObject({ code: "COMMAND_FAILED" });
  await expect(findCredentials(shop, homeWith({ credsStore: "../../x" }))).rejects.toMatchObject({ code: "REGISTRY_REFUSED" });
  await expect(findCredentials(shop, homeWith('{"auths": secret-word'))).rejects.toMatchObject({ code: "REGISTRY_REFUSED", ...without });
});

test("challenges are read, whatever stands around them", () => {
  expect(readChallenge('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull,push"')).toEqual({
    kind: "bearer",
    realm: "https://auth.docker.io/token",
    service: "registry.docker.io",
    scope: "repository:a:pull,push",
  });
  expect(readChallenge('Basic realm="x"')).toEqual({ kind: "basic" });
  const both = { kind: "bearer", realm: "https://a/token", service: "r", scope: null };
  expect(readChallenge('Bearer realm="https://a/token",service="r", Basic realm="other"')).toEqual(both);
  expect(readChallenge('Negotiate, Basic realm="other, Bearer realm=x", bearer service=r,realm="https://a/token"')).toEqual(both);
  expect([readChallenge(""), readChallenge("Digest x"), readChallenge("Bearer nothing")]).toEqual([null, null, null]);
});

test("proxies are those of the environment, and never for this machine", () => {
  const env = { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "intern.example,.local" };
  expect(proxyFor(new URL("https://ghcr.io/"), env)?.host).toBe("proxy:3128");
  expect(
    ["https://intern.example/", "https://a.intern.example/", "https://x.local/", "https://127.0.0.1:5000/", "http://ghcr.io/"].map((url) =>
      proxyFor(new URL(url), env),
    ),
  ).toEqual([null, null, null, null, null]);
  const withPort = { HTTPS_PROXY: "proxy:3128", NO_PROXY: "intern.example:5000" };
  expect(["https://intern.example:5000/", "https://intern.example/"].map((url) => proxyFor(new URL(url), withPort)?.host ?? null)).toEqual([
    null,
    "proxy:3128",
  ]);
  const networks = { HTTPS_PROXY: "https://me:secret-word@proxy", NO_PROXY: "10.0.0.0/8,fd00::/8" };
  expect(
    ["https://10.1.2.3/", "https://[fd00::1]/", "https://11.1.2.3/", "https://10.example/"].map(
      (url) => proxyFor(new URL(url), networks)?.protocol ?? null,
    ),
  ).toEqual([null, null, "https:", "https:"]);
  expect(() => proxyFor(new URL("https://ghcr.io/"), { HTTPS_PROXY: "socks5://me:secret-word@proxy" })).toThrow(
    expect.objectContaining({ code: "ENGINE_UNREACHABLE", message: expect.not.stringContaining("secret-word") }),
  );
  expect(["localhost", "127.0.0.1", "[::1]", "127.evil.example", "localhost.evil.example"].map(isLoopback)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
