import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = dirname(import.meta.dirname);

/** What takes more than a moment: processes, the build, the compiler, archives in worker threads. */
const SLOW = /"node:child_process"|"typescript"|"esbuild"|bin\/envpack\.js|\bdist\/|build-portable-cli|\/src\/(?:engine|verbs)\//;
/** Folders of tests that measure time or try thousands of inputs. */
const SLOW_FOLDERS = /^test\/(?:cluster|hostile|property|real|regular)\//;
/** What only works with what `npm run build` makes. */
const BUILT = /bin\/envpack\.js|\bdist\//;

/** Every test file that works with dist/, as an absolute path. */
export function needBuild(files: readonly string[]): string[] {
  return files.filter((file) => reaches(file, BUILT));
}

/** The tests of `make test-fast`, from the project's root. They are told by what they and their helpers import, so a new one needs no entry. */
export function fastTests(): string[] {
  const all = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name}`);
  return all.filter((file) => !SLOW_FOLDERS.test(file) && !reaches(join(ROOT, file), SLOW)).sort();
}

/** Whether a file of test/, or one that it imports from there, has what is looked for; types alone do not count. */
function reaches(file: string, sought: RegExp, seen = new Set<string>()): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  const text = readFileSync(file, "utf8").replaceAll(/^import type .*$/gm, "");
  if (sought.test(text)) return true;
  const helpers = [...text.matchAll(/from "(\.[^"]+)\.js"/g)].map((match) => join(dirname(file), `${match[1]}.ts`));
  return helpers.some((helper) => helper.startsWith(join(ROOT, "test")) && reaches(helper, sought, seen));
}
