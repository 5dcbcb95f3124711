import type { ImageConfig, OciPlatform, RunConfig } from "./oci/documents.js";
import { VERSION } from "../support/version.js";
import type { StartCommand } from "./start-command.js";

/** What an image is asked for; what is not set follows from the project and the base. */
export interface ConfigWishes {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** "65532:65532" */
  readonly user?: string;
  /** As "NAME=value". */
  readonly env?: readonly string[];
  /** As "NAME=value". */
  readonly labels?: readonly string[];
  /** As "8080" or "53/udp". */
  readonly ports?: readonly string[];
  /** A command that tells whether the container is well; words, run without a shell. */
  readonly health?: readonly string[];
  /** As "SIGTERM". */
  readonly stopSignal?: string;
}

export interface ConfigParts {
  readonly platform: OciPlatform;
  readonly prefix: string;
  readonly start: StartCommand;
  readonly wishes: ConfigWishes;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970; null: a constant. */
  readonly created: number | null;
  /** Null of an image that stands on nothing. */
  readonly base: ImageConfig | null;
  readonly layers: readonly { readonly diffId: string; readonly comment: string }[];
}

/** A user of distroless and others that may do nothing; no name is needed for it. */
export const NOBODY = "65532:65532";
/** Where containers look for programs, behind the environment's own. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** 1980-01-01, the first day that every format knows. */
const CONSTANT = 315_532_800;

/** The configuration of the image; that of the base is inherited where nothing else is said. */
export function makeConfig(parts: ConfigParts): ImageConfig {
  const { platform, base, layers, created } = parts;
  const time = new Date((created ?? CONSTANT) * 1000).toISOString().replace(".000Z", "Z");
  const own = layers.map(({ comment }) => ({ created: time, created_by: `envpack ${VERSION}`, comment }));
  return {
    created: time,
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: runConfig(parts),
    rootfs: { type: "layers", diff_ids: [...(base?.rootfs.diff_ids ?? []), ...layers.map(({ diffId }) => diffId)] },
    history: [...historyOf(base), ...own],
  };
}

/** Readers count a base's layers by its history: one that has none gets it. */
function historyOf(base: ImageConfig | null): NonNullable<ImageConfig["history"]> {
  const layers = base?.rootfs.diff_ids.length ?? 0;
  const history = base?.history ?? [];
  return history.filter(({ empty_layer }) => empty_layer !== true).length === layers
    ? history
    : Array.from({ length: layers }, () => ({ comment: "base" }));
}

/** Labels that say what an image is and where it is from; those of the base would say it of this one. */
const TELLING = "org.opencontainers.image.";

/** Without what tells of the base alone: its origin, and what was to be done when something is built on it. */
function inherit(config: RunConfig): RunConfig {
  const fields = Object.entries(config).filter(([name]) => name !== "OnBuild");
  const labels = Object.entries(config.Labels ?? {}).filter(([name]) => !name.startsWith(TELLING));
  return { ...Object.fromEntries(fields), Labels: Object.fromEntries(labels) };
}

function runConfig({ prefix, start, wishes, labels, base }: ConfigParts): RunConfig {
  const inherited = inherit(base?.config ?? {});
  const env = mergeEnv(inherited.Env ?? [], { prefix, start, wishes });
  const ports = Object.fromEntries((wishes.ports ?? []).map((port) => [port.includes("/") ? port : `${port}/tcp`, {}]));
  return {
    ...inherited,
    User: wishes.user ?? (isOfRoot(inherited.User) ? NOBODY : inherited.User),
    Env: env,
    Entrypoint: wishes.entrypoint ?? start.entrypoint,
    Cmd: wishes.cmd ?? (wishes.entrypoint === undefined ? start.cmd : []),
    WorkingDir: start.workingDir,
    Labels: { ...inherited.Labels, ...labels, ...Object.fromEntries((wishes.labels ?? []).map(splitPair)) },
    ...(wishes.ports === undefined ? {} : { ExposedPorts: { ...inherited.ExposedPorts, ...ports } }),
    ...(wishes.stopSignal === undefined ? {} : { StopSignal: wishes.stopSignal }),
    ...(wishes.health === undefined ? {} : { Healthcheck: { Test: ["CMD", ...wishes.health] } }),
  };
}

function isOfRoot(user: string | undefined): boolean {
  return user === undefined || /^(?:|0|root)(?::.*)?$/.test(user);
}

/**
 * Variables of a container, as "NAME=value": the environment's own programs come first, and what was asked for replaces what
 * was inherited.
 */
export function mergeEnv(
  inherited: readonly string[],
  { prefix, start, wishes }: Pick<ConfigParts, "prefix" | "start" | "wishes">,
): string[] {
  const merged = new Map(inherited.map(splitPair));
  merged.set("PATH", `${prefix}/bin:${merged.get("PATH") ?? SYSTEM_PATH}`);
  // A user without an entry in /etc/passwd, as OpenShift's, gets "/" else, which no one may write to.
  if (!merged.has("HOME")) merged.set("HOME", "/tmp");
  for (const [name, value] of [...start.env, ...(wishes.env ?? [])].map(splitPair)) merged.set(name, value);
  return [...merged].map(([name, value]) => `${name}=${value}`);
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf("=");
  return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
}
