import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildOnce, CACHE } from "./cache.js";
import { run, runWell } from "./run.js";

/** A package manager at an exact version, ready to be started. */
export interface Manager {
  readonly name: string;
  readonly major: number;
  readonly command: string;
  /** Before what it is told. */
  readonly args: readonly string[];
  /** The folder that holds it. */
  readonly folder: string;
}

interface Origin {
  /** The package of the registry that holds it. */
  readonly name: string;
  /** Its program inside the package. */
  readonly file: string;
  /** Run by node; else by itself. */
  readonly script: boolean;
}

const PLATFORM = `${process.platform}-${process.arch}`;

/**
 * Packages that hold the managers. Those of bun, deno and pnpm 12 fetch a native program
 * when they are installed: here the packages that hold those programs are taken directly.
 */
function originOf(name: string, major: number): Origin {
  switch (name) {
    case "npm":
      return { name, file: "bin/npm-cli.js", script: true };
    case "pnpm":
      if (major >= 12) return { name: `@pnpm/exe.${PLATFORM}`, file: "pnpm", script: false };
      return { name, file: "bin/pnpm.cjs", script: true };
    case "yarn":
      return { name: major === 1 ? name : "@yarnpkg/cli-dist", file: "bin/yarn.js", script: true };
    case "bun":
      return { name: `@oven/bun-${PLATFORM.replace("arm64", "aarch64")}`, file: "bin/bun", script: false };
    case "node":
      return { name: `node-${PLATFORM}`, file: "bin/node", script: false };
    case "deno":
      return { name: `@deno/${PLATFORM}-glibc`, file: "deno", script: false };
    default:
      throw new Error(`no manager of the name ${name}`);
  }
}

/** Brings a manager into the cache, once. @param spec name and exact version, as "yarn@4.18.1" */
export async function bringManager(spec: string): Promise<Manager> {
  const at = spec.lastIndexOf("@");
  const [name, version] = [spec.slice(0, at), spec.slice(at + 1)];
  const origin = originOf(name, Number.parseInt(version, 10));
  const folder = join(CACHE, "managers", `${name}-${version}`);
  await buildOnce(folder, () => install(`${origin.name}@${version}`, folder));
  const file = join(folder, "node_modules", origin.name, origin.file);
  const start = origin.script ? { command: process.execPath, args: [file] } : { command: file, args: [] };
  return { name, major: Number.parseInt(version, 10), ...start, folder };
}

async function install(spec: string, folder: string): Promise<void> {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", spec];
  await runWell("npm", args, { cwd: folder, patience: 300_000 });
}

let registry: Promise<string> | null = null;

/** The registry that the user's npm asks, in every manager's own words. */
async function registryEnv(): Promise<NodeJS.ProcessEnv> {
  registry ??= run("npm", ["config", "get", "registry"]).then(({ stdout }) => stdout.trim());
  const url = await registry;
  const { hostname, protocol } = new URL(url);
  return {
    npm_config_registry: url,
    NPM_CONFIG_REGISTRY: url,
    pnpm_config_registry: url,
    BUN_CONFIG_REGISTRY: url,
    YARN_REGISTRY: url,
    YARN_NPM_REGISTRY_SERVER: url.replace(/\/$/, ""),
    ...(protocol === "http:" ? { YARN_UNSAFE_HTTP_WHITELIST: hostname } : {}),
  };
}

/** Settings of the machine that a manager cannot do without. */
const PASSED = /^(https?_proxy|no_proxy|all_proxy|ssl_cert_(file|dir)|node_extra_ca_certs)$/i;

/** A manager's environment: a home of its own, so that every store and cache lies in there too. */
export async function managerEnv(home: string): Promise<NodeJS.ProcessEnv> {
  const passed = Object.entries(process.env).filter(([name]) => PASSED.test(name));
  return {
    ...Object.fromEntries(passed),
    ...(await registryEnv()),
    ...(existsSync("/usr/include/node/node.h") ? { npm_config_nodedir: "/usr" } : {}),
    HOME: home,
    LANG: "C.UTF-8",
    PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
    YARN_ENABLE_TELEMETRY: "0",
    YARN_ENABLE_IMMUTABLE_INSTALLS: "0",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
    NEXT_TELEMETRY_DISABLED: "1",
    CI: "1",
  };
}
