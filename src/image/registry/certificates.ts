import { readdirSync } from "node:fs";
import { join } from "node:path";
import { homeFolder } from "../../support/home.js";
import { loadTls } from "../../support/http.js";
import { readShortText } from "../../support/read-text.js";

/** Bytes of a file of certificates. */
const MAX_BYTES = 4 << 20;

/**
 * The certificates to trust for a registry: where docker's or podman's `certs.d/HOST:PORT/` holds some, those beside
 * Node's own and NODE_EXTRA_CA_CERTS; undefined where it holds none, and Node's rules are enough.
 *
 * @param host with its port, as references name it
 */
export function certificatesFor(host: string, env: NodeJS.ProcessEnv): readonly string[] | undefined {
  const home = homeFolder();
  const folders = [
    "/etc/docker/certs.d",
    "/etc/containers/certs.d",
    ...(home === null ? [] : [join(home, ".docker/certs.d"), join(home, ".config/containers/certs.d")]),
  ];
  const own = folders.flatMap((folder) => readFolder(join(folder, host)));
  if (own.length === 0) return undefined;
  const extra = env.NODE_EXTRA_CA_CERTS === undefined ? [] : read(env.NODE_EXTRA_CA_CERTS);
  return [...loadTls().rootCertificates, ...extra, ...own];
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".crt"))
      .flatMap((name) => read(join(folder, name)));
  } catch {
    return [];
  }
}

function read(file: string): string[] {
  try {
    return [readShortText(file, MAX_BYTES)];
  } catch {
    return [];
  }
}
