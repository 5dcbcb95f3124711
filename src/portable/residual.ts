import type { PlannedEntry } from "../archive/entry.js";
import { readElf } from "../native/elf.js";
import type { ForeignPlace, ScanRoot } from "../scan/roots.js";
import type { FileHits, Hit } from "../scan/scan.js";

/** A file that names a folder of the packing machine which did not go in: nothing is rewritten there. */
export interface Residual {
  /** Arcpath of the file. */
  readonly path: string;
  /** What it names. */
  readonly names: readonly ForeignPlace[];
  /** How often. */
  readonly places: number;
  readonly class: ResidualClass;
  /** Whether running the environment elsewhere can go wrong by it. */
  readonly harmless: boolean;
  /** What happens elsewhere: a clause that reads on after the class. */
  readonly consequence: string;
}

export type ResidualClass = keyof typeof CLASSES;

/** Each class, whether it is harmless, and what becomes of it elsewhere. */
const CLASSES = {
  "first line of a script": { harmless: false, consequence: "it does not start where that program is missing" },
  "search path of a native library": { harmless: false, consequence: "it may not find its libraries" },
  "program text": { harmless: false, consequence: "what it wants there is missing" },
  settings: { harmless: false, consequence: "what they name there is missing" },
  "binary data": { harmless: false, consequence: "what it names there is missing" },
  "other text": { harmless: false, consequence: "what it names there is missing" },
  "package manager's record": { harmless: true, consequence: "read when packages are installed, not when they run" },
  "source map": { harmless: true, consequence: "read by debuggers, which show that place" },
  documentation: { harmless: true, consequence: "read by people" },
  "type declaration": { harmless: true, consequence: "read by compilers and editors" },
  "source of a native addon": { harmless: true, consequence: "read by compilers" },
  "strings of a native program": { harmless: true, consequence: "where it was compiled: shown in messages" },
} as const;

/** By the last part of the path, in order; the first that matches counts. */
const BY_NAME: readonly (readonly [RegExp, ResidualClass])[] = [
  [
    /^(?:package-lock\.json|npm-shrinkwrap\.json|\.package-lock\.json|pnpm-lock\.yaml|lock\.yaml|yarn\.lock|bun\.lockb?|deno\.lock|package\.json|pnpm-workspace\.yaml|\.yarn-state\.yml|\.yarn-integrity|\.yarn-metadata\.json|\.modules\.yaml)$/,
    "package manager's record",
  ],
  [/\.map$/, "source map"],
  [/\.d\.[cm]?ts$/, "type declaration"],
  [/\.(?:md|markdown|txt|rst|adoc|1)$|^(?:README|LICENSE|LICENCE|CHANGELOG|NOTICE|AUTHORS|HISTORY)/i, "documentation"],
  [/\.(?:c|cc|cpp|cxx|h|hh|hpp|gyp|gypi|mk|cmake|o\.d|d|tlog)$|^(?:Makefile|binding\.gyp|CMakeLists\.txt)$/, "source of a native addon"],
  [/\.(?:json|json5|jsonc|ya?ml|toml|ini|conf|cfg|properties|xml|env)$|^\.[^.]*rc$|rc\.json$/, "settings"],
  [/\.(?:[cm]?js|[cm]?ts|[jt]sx|sh|bash|zsh|fish|py|pl|rb|ps1|cmd|bat|html?|css|vue|svelte)$/, "program text"],
];

/** Hits of the environment's own roots, which fix-ups rewrite, and of foreign ones, which are told. */
export function splitHits(hits: readonly FileHits[]): { readonly own: FileHits[]; readonly foreign: FileHits[] } {
  const part = (wanted: (hit: Hit) => boolean): FileHits[] =>
    hits.map((file) => ({ ...file, places: file.places.filter(wanted) })).filter(({ places }) => places.length > 0);
  return { own: part(({ foreign }) => foreign === undefined), foreign: part(({ foreign }) => foreign !== undefined) };
}

/**
 * What files that name foreign folders mean for who runs the environment elsewhere, in order of path.
 *
 * @param entries of the archive: they tell what may be executed, and where a file lies on the disk
 * @param roots the foreign ones
 */
export function describeResiduals(foreign: readonly FileHits[], entries: readonly PlannedEntry[], roots: readonly ScanRoot[]): Residual[] {
  const hits = new Map(foreign.map((file) => [file.path, file]));
  const residuals: Residual[] = [];
  for (const entry of hits.size === 0 ? [] : entries) {
    const file = hits.get(entry.path);
    if (file === undefined || entry.type !== "file") continue;
    const disk = entry.source.kind === "disk" ? entry.source.file : null;
    const name = classify(file, entry.executable, disk, roots);
    const names = [...new Set(file.places.flatMap(({ foreign: place }) => place ?? []))].sort();
    residuals.push({ path: file.path, names, places: file.places.length, class: name, ...CLASSES[name] });
  }
  return residuals;
}

function classify({ path, kind, places }: FileHits, executable: boolean, disk: string | null, roots: readonly ScanRoot[]): ResidualClass {
  if (kind === "binary") return classifyBinary(disk, roots);
  // "#!/home/…", with or without a space
  if (executable && (places[0]?.at ?? 9) <= 3) return "first line of a script";
  const name = path.slice(path.lastIndexOf("/") + 1);
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? (executable ? "program text" : "other text");
}

/** Compilers leave their folders in what they make; only the search path is used. */
function classifyBinary(disk: string | null, roots: readonly ScanRoot[]): ResidualClass {
  const elf = disk === null ? null : readElf(disk, null);
  if (elf === null) return "binary data";
  const searched = elf.runPaths.some((folder) => roots.some(({ path }) => folder === path || folder.startsWith(`${path}/`)));
  return searched ? "search path of a native library" : "strings of a native program";
}
