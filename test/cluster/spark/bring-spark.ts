import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute, has } from "../../real/commands.js";

const VERSION = "4.0.1";
const FOLDER = join(import.meta.dirname, `../../../.cache/pyspark-${VERSION}`);

/** What `mapInPandas` and Spark Connect need beside it. */
const BESIDE = ["pandas", "pyarrow", "grpcio", "grpcio-status", "googleapis-common-protos", "zstandard"];

/** Spark as PyPI has it, in a venv of its own below .cache/, or the reason why there is none. */
export function bringSpark(): { readonly home: string; readonly python: string } | string {
  if (!has("java")) return "Java is not installed (Debian: default-jdk-headless)";
  if (!has("python3")) return "Python is not installed (Debian: python3-venv)";
  const python = join(FOLDER, "bin/python3");
  if (!existsSync(join(FOLDER, ".complete"))) {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(join(FOLDER, ".."), { recursive: true });
    console.log(`== fetching pyspark ${VERSION} (pip install) into .cache/`);
    const made = execute("python3", ["-m", "venv", FOLDER]);
    if (made.status !== 0) return `python3 makes no venv here (Debian: python3-venv): ${lastLine(made.stdout + made.stderr)}`;
    const fetched = execute("timeout", [
      "840",
      python,
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      `pyspark==${VERSION}`,
      ...BESIDE,
    ]);
    if (fetched.status !== 0) return `pip cannot fetch pyspark: ${lastLine(fetched.stderr)}`;
    writeFileSync(join(FOLDER, ".complete"), "");
  }
  const [library = ""] = readdirSync(join(FOLDER, "lib")).filter((name) => name.startsWith("python3"));
  return { home: join(FOLDER, "lib", library, "site-packages/pyspark"), python };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
