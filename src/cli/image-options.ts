import { InvalidArgumentError, Option } from "commander";
import { formatNames, isPair, isPort, isSignal } from "../verbs/image/words.js";
import type { ImageOptions } from "../verbs/image/options.js";
import { collect } from "./options.js";

/** What commands that make or push images understand. */
export interface ImageFlags extends RegistryFlags {
  readonly image?: readonly string[];
  readonly base?: string;
  readonly prefixInImage?: string;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly user?: string;
  readonly env?: readonly string[];
  readonly label?: readonly string[];
  readonly port?: readonly string[];
  readonly healthCmd?: readonly string[];
  readonly stopSignal?: string;
  readonly layerCompression?: "gzip" | "zstd";
}

/** What commands that speak to a registry understand. */
export interface RegistryFlags {
  readonly plainHttp?: boolean;
  readonly authHost?: readonly string[];
}

/** How an image is made; the help says of each that it is about images. */
export function imageOptionList(): Option[] {
  const words = (flags: string, text: string): Option => new Option(flags, text).argParser(parseWords);
  return [
    new Option("--base <image>", "what an image stands on: a reference, an image layout, or none: this machine's C library alone"),
    new Option("--prefix-in-image <folder>", "where the environment lies in an image (default: /opt/NAME)"),
    words("--entrypoint <words>", "of an image: words, or a JSON list (default: its own node)"),
    words("--cmd <words>", "of an image: likewise (default: scripts.start, main or bin of package.json)"),
    new Option("--user <user>", "whom containers of an image run as (default: the base's, but not root: then 65532:65532)").argParser(
      parsePlain,
    ),
    new Option("--env <name=value>", "a variable of an image (repeatable)").argParser(parsePair),
    new Option("--label <name=value>", "a label of an image (repeatable)").argParser(parsePair),
    new Option("--port <port>", "a port that an image says it listens on, as 8080 or 53/udp (repeatable)").argParser(parsePort),
    new Option("--health-cmd <words>", "a command that tells docker whether a container is well").argParser(parseCommand),
    new Option("--stop-signal <signal>", "what ends containers of an image, as SIGINT").argParser(parseSignal),
    new Option("--layer-compression <codec>", "of an image: gzip, which every reader takes, or zstd").choices(["gzip", "zstd"]),
    ...registryOptionList(),
  ];
}

/** What everything that speaks to a registry understands. */
export function registryOptionList(): Option[] {
  return [
    new Option("--plain-http", "speak HTTP without TLS to a registry on another machine"),
    new Option("--auth-host <host>", "a host of another domain that gives out the registry's tokens (repeatable)").argParser(collect),
  ];
}

/** How a registry is spoken to, of commands that only look at images. */
export function registryOptions({ plainHttp, authHost }: RegistryFlags): {
  readonly plainHttp?: boolean;
  readonly authHosts?: readonly string[];
} {
  return { plainHttp, authHosts: authHost };
}

/**
 * What the flags ask of an image; undefined where they ask for none.
 *
 * @param to names to push it to
 */
export function imageOptions(flags: ImageFlags, to: readonly string[] | undefined): ImageOptions | undefined {
  const asked = {
    to: to === undefined ? undefined : formatNames(to),
    base: flags.base,
    prefix: flags.prefixInImage,
    entrypoint: flags.entrypoint,
    cmd: flags.cmd,
    user: flags.user,
    env: flags.env,
    labels: flags.label,
    ports: flags.port,
    health: flags.healthCmd,
    stopSignal: flags.stopSignal,
    compression: flags.layerCompression,
    plainHttp: flags.plainHttp,
    authHosts: flags.authHost,
  };
  const entries = Object.entries(asked).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** A JSON list, or words that stand between spaces. */
function parseWords(text: string): readonly string[] {
  if (!text.trimStart().startsWith("[")) return text.split(/\s+/).filter((word) => word !== "");
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((word) => typeof word === "string")) return list;
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('it is a list of words, as ["server.js","--port","80"]');
}

function parsePair(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!isPair(text)) throw new InvalidArgumentError("it is NAME=value");
  return collect(text, before);
}

function parsePort(text: string, before: readonly string[] | undefined): readonly string[] {
  if (!isPort(text)) throw new InvalidArgumentError("it is a port, as 8080 or 53/udp");
  return collect(text, before);
}

function parseCommand(text: string): readonly string[] {
  const words = parseWords(text);
  if (words.length === 0) throw new InvalidArgumentError("it is a command");
  return words;
}

function parseSignal(text: string): string {
  if (!isSignal(text)) throw new InvalidArgumentError("it is a signal, as SIGINT or 2");
  return text;
}

function parsePlain(text: string): string {
  if (!/^[\w.:+-]+$/.test(text)) throw new InvalidArgumentError("it is one word");
  return text;
}
