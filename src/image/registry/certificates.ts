import { readdirSync } from "node:fs";
import { join } from "node:path";
import { EnvpackError } from "../../support/errors.js";
import { homeFolder } from "../../support/home.js";
import { loadTls } from "../../support/http.js";
import { readShortText } from "../../support/read-text.js";

/** Bytes of a file of certificates. */
const MAX_BYTES = 4 << 20;

/** What a connection to a host by TLS goes by, in PEM; what is absent is left to Node's own rules. */
export interface Certificates {
  /** Those to trust. */
  readonly ca?: string[];
  /** Those that this side shows, and the key of each. */
  readonly cert?: string[];
  readonly key?: string[];
}

/**
 * What docker's or podman's `certs.d/HOST:PORT/` holds for a registry: `*.crt`, trusted beside Node's own and
 * NODE_EXTRA_CA_CERTS, and `*.cert`, each with its `*.key`, which the registry is shown (docs.docker.com, "Verify repository
 * client with certificates").
 *
 * @param host with its port, as references name it
 * @throws EnvpackError REGISTRY_REFUSED where a certificate to be shown cannot be read, or its key cannot
 */
export function certificatesFor(host: string, env: NodeJS.ProcessEnv): Certificates {
  const home = homeFolder();
  const folders = [
    "/etc/docker/certs.d",
    "/etc/containers/certs.d",
    ...(home === null ? [] : [join(home, ".docker/certs.d"), join(home, ".config/containers/certs.d")]),
  ];
  const files = folders.flatMap((folder) => list(join(folder, host)));
  const own = files.filter((file) => file.endsWith(".crt")).flatMap(read);
  const shown = files.filter((file) => file.endsWith(".cert")).map((file) => ({ cert: readShown(file), key: readShown(keyOf(file)) }));
  const extra = (): string[] => (env.NODE_EXTRA_CA_CERTS === undefined ? [] : read(env.NODE_EXTRA_CA_CERTS));
  return {
    ...(own.length === 0 ? {} : { ca: [...loadTls().rootCertificates, ...extra(), ...own] }),
    ...(shown.length === 0 ? {} : { cert: shown.map(({ cert }) => cert), key: shown.map(({ key }) => key) }),
  };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
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

function keyOf(certificate: string): string {
  return certificate.replace(/\.cert$/, ".key");
}

/** Without its certificate the registry would refuse, and nobody would know why. */
function readShown(file: string): string {
  const [text] = read(file);
  if (text !== undefined) return text;
  throw new EnvpackError("REGISTRY_REFUSED", "a certificate to show to the registry, or its key, cannot be read", {
    path: file,
    hint: "put NAME.cert and NAME.key there so that you can read both, or take both away",
  });
}
