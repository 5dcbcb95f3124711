import { join } from "node:path";
import { tripleOf } from "../../manifest/target.js";
import { EnvpackError } from "../../support/errors.js";
import { readShortText } from "../../support/read-text.js";
import { findInstalled } from "../installed.js";
import type { MirrorRequest } from "./mirrors.js";
import { lastWords, startProgram, type Failure } from "./start-program.js";
import type { TargetPlatform } from "./triple.js";

export const ENGINES = "@prisma/engines";
export const CLIENT = "@prisma/client";

/** Prisma's own names for platforms. OpenSSL 3 is what systems of today have. Source: prisma.io, binaryTargets. */
const TARGETS = new Map([
  ["linux-x64", "debian-openssl-3.0.x"],
  ["linux-arm64", "linux-arm64-openssl-3.0.x"],
  ["linux-x64-musl", "linux-musl-openssl-3.0.x"],
  ["linux-arm64-musl", "linux-musl-arm64-openssl-3.0.x"],
  ["darwin-x64", "darwin"],
  ["darwin-arm64", "darwin-arm64"],
  ["win32-x64", "windows"],
]);

/** What Prisma calls a platform; null: it has no engines for it. */
export function prismaTarget(target: TargetPlatform): string | null {
  return TARGETS.get(tripleOf(target)) ?? null;
}

/** What the engines' own install script does, by Prisma's own tool, but that a failure is one. */
const FETCH = `const { createRequire } = require("node:module");
const [folder, targets] = process.argv.slice(1);
const load = createRequire(folder + "/package.json");
const { download, BinaryType } = load("@prisma/fetch-engine");
const { enginesVersion } = load("@prisma/engines-version");
const kinds = [BinaryType.QueryEngineLibrary, BinaryType.SchemaEngineBinary].filter((kind) => kind !== undefined);
download({
  binaries: Object.fromEntries(kinds.map((kind) => [kind, folder])),
  version: enginesVersion,
  showProgress: false,
  failSilent: false,
  binaryTargets: targets.split(","),
}).catch((error) => { console.error(error.message); process.exitCode = 1; });`;

/**
 * Fetches Prisma's engines for the target where the user named a mirror (PRISMA_ENGINES_MIRROR): from nowhere else.
 *
 * @throws EnvpackError NATIVE_UNAVAILABLE where the mirror has none for the target
 */
export async function fetchPrismaEngines({ root, importers, target, signal }: Omit<MirrorRequest, "node">): Promise<void> {
  const mirror = process.env.PRISMA_ENGINES_MIRROR ?? "";
  const targets = process.env.PRISMA_CLI_BINARY_TARGETS ?? prismaTarget(target) ?? "";
  if (mirror === "" || targets === "") return;
  for (const { path } of findInstalled(root, importers).filter(({ installedAs }) => installedAs === ENGINES)) {
    const folder = join(root, path);
    try {
      await startProgram([process.execPath, "-e", FETCH], [folder, targets], { cwd: folder, env: process.env, signal });
    } catch (error) {
      if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
      const { stderr = "", stdout = "" } = error as Failure;
      throw new EnvpackError("NATIVE_UNAVAILABLE", `Prisma's mirror has no engines for ${targets}: ${lastWords(`${stderr}\n${stdout}`)}`, {
        path: folder,
        hint: `name a mirror that has them with PRISMA_ENGINES_MIRROR, give them as a tarball with \`--prebuilt ${ENGINES}=FILE\`, or pack on a machine of that platform`,
        cause: error,
      });
    }
  }
}

/** Where Prisma looks for a schema that package.json does not name. */
const SCHEMAS = ["prisma/schema.prisma", "schema.prisma"];

/**
 * Whether the project has its client made into a folder of its own (`output` of the generator): then nothing of
 * node_modules/.prisma is used.
 */
export function generatesOwnClient(root: string): boolean {
  const named = schemaOf(root);
  return [...(named === null ? [] : [named]), ...SCHEMAS].some((file) => {
    try {
      return generatorsOf(readShortText(join(root, file))).some(
        (lines) => lines.some((line) => /^provider\s*=\s*"prisma-client/.test(line)) && lines.some((line) => /^output\s*=/.test(line)),
      );
    } catch {
      return false;
    }
  });
}

/** The lines of each `generator NAME { … }` of a schema, without blanks around; what ends one stands on a line of its own. */
function generatorsOf(schema: string): string[][] {
  const generators: string[][] = [];
  let lines: string[] | null = null;
  for (const line of schema.split("\n").map((one) => one.trim())) {
    if (/^generator\s+\w+\s*\{/.test(line)) generators.push((lines = []));
    else if (line.startsWith("}")) lines = null;
    else lines?.push(line);
  }
  return generators;
}

function schemaOf(root: string): string | null {
  try {
    const { prisma } = JSON.parse(readShortText(join(root, "package.json"))) as { prisma?: { schema?: unknown } };
    return typeof prisma?.schema === "string" ? prisma.schema : null;
  } catch {
    return null;
  }
}
