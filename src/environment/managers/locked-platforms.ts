import { join } from "node:path";
import { LOCK_LIMIT, readShortText } from "../../support/read-text.js";
import { asObject, parseObject } from "../package-json.js";
import { readYaml } from "./settings.js";

/** Platforms that a package is for, in npm's words; empty where it names none. */
export interface LockedPlatform {
  readonly os: readonly string[];
  readonly cpu: readonly string[];
  readonly libc: readonly string[];
}

type Row = readonly [name: string, fields: Readonly<Record<string, unknown>>];

/**
 * What lockfiles say of the platforms of packages, by name: also of those that are not installed, of which nothing else
 * tells. Of several lockfiles all count; what cannot be read says nothing.
 */
export function readLockedPlatforms(root: string): ReadonlyMap<string, LockedPlatform> {
  const found = new Map<string, LockedPlatform>();
  for (const [name, { os, cpu, libc }] of [...npmRows(root), ...pnpmRows(root), ...yarnRows(root), ...bunRows(root)]) {
    const platform = { os: words(os), cpu: words(cpu), libc: words(libc) };
    if (platform.os.length + platform.cpu.length + platform.libc.length > 0) found.set(name, platform);
  }
  return found;
}

function npmRows(root: string): Row[] {
  const packages = attempt(() => asObject(parseObject(readShortText(join(root, "package-lock.json"), LOCK_LIMIT))?.packages));
  return Object.entries(packages ?? {}).flatMap(([path, value]) =>
    row(path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length), value),
  );
}

function pnpmRows(root: string): Row[] {
  const packages = attempt(() => asObject(readYaml(join(root, "pnpm-lock.yaml"))?.packages));
  return Object.entries(packages ?? {}).flatMap(([key, value]) => row(nameIn(key), value));
}

/** `conditions: os=linux & cpu=arm64 & libc=glibc`, or `(os=darwin | os=linux)`. */
function yarnRows(root: string): Row[] {
  const entries = attempt(() => readYaml(join(root, "yarn.lock")));
  return Object.values(entries ?? {}).flatMap((value) => {
    const { resolution, conditions } = asObject(value) ?? {};
    if (typeof resolution !== "string" || typeof conditions !== "string") return [];
    const pick = (key: string): string[] =>
      [...conditions.matchAll(/\b(os|cpu|libc)=(!?[\w-]+)/g)].filter((match) => match[1] === key).map((match) => match[2] ?? "");
    return [[nameIn(resolution), { os: pick("os"), cpu: pick("cpu"), libc: pick("libc") }] as const];
  });
}

/** `"name": ["name@1.0.0", "", { "os": "linux", "cpu": "arm64" }, "sha512-…"]` */
function bunRows(root: string): Row[] {
  const packages = attempt(() => asObject(readYaml(join(root, "bun.lock"))?.packages));
  return Object.values(packages ?? {}).flatMap((value) => {
    const parts: readonly unknown[] = Array.isArray(value) ? value : [];
    return typeof parts[0] === "string"
      ? row(
          nameIn(parts[0]),
          parts.find((part) => asObject(part) !== null),
        )
      : [];
  });
}

function row(name: string, value: unknown): Row[] {
  const fields = asObject(value);
  return fields === null ? [] : [[name, fields]];
}

/** The name in "@scope/name@1.0.0". */
function nameIn(id: string): string {
  const at = id.indexOf("@", 1);
  return at === -1 ? id : id.slice(0, at);
}

/** Bun calls what is for none of its platforms "none". */
function words(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((word): word is string => typeof word === "string" && word !== "" && word.length <= 64);
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
