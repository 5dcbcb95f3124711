import { spawn } from "node:child_process";
import { join } from "node:path";
import { EnvpackError } from "../../support/errors.js";
import { homeFolder } from "../../support/home.js";
import { readShortText } from "../../support/read-text.js";
import { DOCKER_HUB, type Reference } from "../oci/reference.js";

/** How somebody proves who they are to a registry. It is never written anywhere. */
export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** What a token is asked for with. */
  | { readonly kind: "identity"; readonly token: string }
  /** The token itself, which the registry takes as it is. */
  | { readonly kind: "token"; readonly token: string };

/** Docker's own key for its registry. */
const HUB_KEY = "https://index.docker.io/v1/";
/** Bytes of a configuration, and of a helper's answer. */
const MAX_BYTES = 4 << 20;
/** Milliseconds for a helper, which may ask a service of a cloud. */
const PATIENCE = 60_000;

type Fields = ReadonlyMap<string, unknown>;

/**
 * What `docker login`, `podman login` or a helper of a cloud left for a registry; null where there is nothing. The files
 * are looked at in this order: REGISTRY_AUTH_FILE, DOCKER_CONFIG, podman's of this session, ~/.docker, podman's of the home.
 *
 * @throws EnvpackError COMMAND_FAILED, REGISTRY_REFUSED where a file or helper is broken; what it holds is not repeated
 */
export async function findCredentials({ registry, repository }: Reference, env: NodeJS.ProcessEnv): Promise<Credentials | null> {
  for (const file of configFiles(env)) {
    const config = readConfig(file);
    if (config === null) continue;
    const found = await findIn(config, { registry, repository, file, env });
    if (found !== null) return found;
  }
  return null;
}

function configFiles(env: NodeJS.ProcessEnv): string[] {
  if (env.REGISTRY_AUTH_FILE !== undefined) return [env.REGISTRY_AUTH_FILE];
  const home = env.HOME ?? homeFolder();
  const docker = env.DOCKER_CONFIG ?? (home === null ? null : join(home, ".docker"));
  return [
    ...(docker === null ? [] : [join(docker, "config.json")]),
    ...(env.XDG_RUNTIME_DIR === undefined ? [] : [join(env.XDG_RUNTIME_DIR, "containers/auth.json")]),
    ...(home === null ? [] : [join(home, ".config/containers/auth.json")]),
  ];
}

function readConfig(file: string): Fields | null {
  let text: string;
  try {
    text = readShortText(file, MAX_BYTES);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw broken("the file of docker's logins cannot be read", file);
  }
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    // Without the parser's words: they would quote the file.
    throw broken("the file of docker's logins is no JSON", file);
  }
}

interface Wanted {
  readonly registry: string;
  readonly repository: string;
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

async function findIn(config: Fields, { registry, repository, file, env }: Wanted): Promise<Credentials | null> {
  const keys = keysFor(registry, repository);
  const helpers = fieldsOf(config.get("credHelpers"));
  const helper = keys.map((key) => helpers.get(key)).find((name) => typeof name === "string");
  if (typeof helper === "string") return askHelper(helper, keys, env);
  const auths = fieldsOf(config.get("auths"));
  // What was logged in to long ago, or by other programs, stands there as an address: docker compares hosts.
  const addresses = [...auths.keys()].filter((key) => /^https?:\/\//.test(key) && hostOf(key) === registry);
  for (const key of [...keys, ...addresses]) {
    const found = decodeAuth(fieldsOf(auths.get(key)), file);
    if (found !== null) return found;
  }
  const store = config.get("credsStore");
  return typeof store === "string" && store !== "" ? askHelper(store, keys, env) : null;
}

/** Podman's logins may be for a part of a registry: the longest path goes first. */
function keysFor(registry: string, repository: string): string[] {
  const parts = repository.split("/");
  const paths = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join("/")}`);
  const hub = registry === DOCKER_HUB ? [HUB_KEY, "index.docker.io"] : [];
  return [...paths, registry, ...hub, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}

/** Beside docker's own `auth` there are the plain fields that Kubernetes' secrets have. */
function decodeAuth(entry: Fields, file: string): Credentials | null {
  const [ready, identity, auth, user, password] = ["registrytoken", "identitytoken", "auth", "username", "password"].map((name) =>
    entry.get(name),
  );
  if (typeof ready === "string" && ready !== "") return { kind: "token", token: asHeader(ready, file) };
  if (typeof identity === "string" && identity !== "") return { kind: "identity", token: identity };
  if (typeof auth !== "string" || auth === "")
    return typeof user === "string" && user !== "" && typeof password === "string" ? { kind: "password", user, password } : null;
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) throw broken("a login in the file of docker's logins is malformed", file);
  return { kind: "password", user: text.slice(0, colon), password: text.slice(colon + 1).split("\0", 1)[0] ?? "" };
}

/** @throws EnvpackError where it is nothing that a header can hold */
function asHeader(token: string, file: string): string {
  if (!/^[\x21-\x7e]+$/.test(token)) throw broken("a login in the file of docker's logins is malformed", file);
  return token;
}

/** github.com/docker/docker-credential-helpers: `docker-credential-NAME get` takes the server on stdin. */
async function askHelper(name: string, keys: readonly string[], env: NodeJS.ProcessEnv): Promise<Credentials | null> {
  if (!/^[\w.-]+$/.test(name)) throw broken("the file of docker's logins names a helper that is none", name);
  const program = `docker-credential-${name}`;
  let failed: EnvpackError | null = null;
  for (const key of keys
    .filter((one) => one === HUB_KEY || !/^https?:/.test(one))
    .sort((a, b) => Number(b === HUB_KEY) - Number(a === HUB_KEY))) {
    const { status, output } = await runHelper(program, key, env);
    const answer = status === 0 ? readAnswer(output) : null;
    if (answer !== null && answer !== "nothing") return answer;
    // Those of clouds may know hosts only, and fail at a path; it counts where no other key is known either.
    if (answer === null && !/credentials not found/i.test(output))
      failed = new EnvpackError("COMMAND_FAILED", `the credential helper ${program} failed (status ${status ?? "none"})`, {
        hint: `try it: \`echo ${key} | ${program} get\``,
      });
  }
  if (failed !== null) throw failed;
  return null;
}

/** Null of what is no answer. */
function readAnswer(output: string): Credentials | "nothing" | null {
  try {
    const fields = fieldsOf(JSON.parse(output));
    const [user, secret] = [fields.get("Username"), fields.get("Secret")];
    if (typeof user !== "string" || typeof secret !== "string") return null;
    if (user === "" && secret === "") return "nothing";
    return user === "<token>" ? { kind: "identity", token: secret } : { kind: "password", user, password: secret };
  } catch {
    return null;
  }
}

function runHelper(
  program: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly status: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "ignore"], timeout: PATIENCE });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.length < MAX_BYTES) output += text;
    });
    child.stdin.on("error", () => undefined);
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(
        new EnvpackError("COMMAND_FAILED", `the credential helper ${program} cannot be started (${error.code ?? "unknown"})`, {
          hint: "install it, or take its line out of docker's config.json and log in again",
        }),
      );
    });
    child.on("close", (status) => {
      resolve({ status, output });
    });
    child.stdin.end(server);
  });
}

function fieldsOf(value: unknown): Fields {
  return new Map(typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
}

function broken(what: string, path: string): EnvpackError {
  return new EnvpackError("REGISTRY_REFUSED", what, { path, hint: "log in again: `docker login` or `podman login` writes it anew" });
}
