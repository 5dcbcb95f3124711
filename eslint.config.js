import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import tseslint from "typescript-eslint";

/**
 * The rooms of src/ and the rooms each may import from; `support` is open to all. ARCHITECTURE.md draws the
 * same table: an import that runs the other way fails the lint, and so does a circle of files. The unpack wing
 * imports nothing of the pack wing, nor the other way round; the ground floor imports neither.
 */
const ROOMS = {
  // ground floor
  support: [],
  manifest: [],
  archive: [],
  listing: ["archive"],
  cache: [],
  native: ["listing", "manifest"],
  scan: ["manifest"],
  engine: ["archive", "cache", "listing", "manifest", "scan"],
  // pack wing
  environment: ["archive", "cache", "listing", "manifest", "native"],
  plan: ["archive", "environment", "listing", "manifest", "native"],
  portable: ["archive", "environment", "manifest", "native", "plan", "scan"],
  embed: ["archive", "environment", "manifest", "plan"],
  image: ["archive", "cache", "engine", "manifest", "native", "scan"],
  // unpack wing
  relocate: ["archive", "manifest", "scan"],
  inspect: ["archive", "engine", "manifest", "relocate"],
  restore: ["archive", "engine", "inspect", "manifest", "relocate"],
  // above both
  evidence: ["archive", "environment", "inspect", "listing", "manifest", "native", "relocate"],
  deliver: ["archive", "inspect", "manifest", "restore"],
  verbs: [
    "archive",
    "cache",
    "deliver",
    "embed",
    "engine",
    "environment",
    "evidence",
    "image",
    "inspect",
    "listing",
    "manifest",
    "native",
    "plan",
    "portable",
    "relocate",
    "restore",
    "scan",
  ],
  api: ["archive", "evidence", "verbs"],
  cli: ["api", "archive", "cache", "engine", "evidence", "inspect", "verbs"],
};

/** Where a command learns how many threads, or programs at once, this process has room for. */
const THREADS = "src/engine/threads.ts";
const PROCESSORS = {
  name: "node:os",
  importNames: ["availableParallelism", "cpus"],
  message: `only ${THREADS} counts processors: a control group may allow less`,
};

/** The lint rule that keeps one room from importing what it must not. */
function roomRule(room, allowed, paths = [PROCESSORS]) {
  const forbidden = Object.keys(ROOMS).filter((other) => ![room, "support", ...allowed].includes(other));
  const patterns = [
    { regex: `^(\\.\\./)+(${forbidden.join("|")})/`, message: `src/${room} does not import from this room; see ARCHITECTURE.md` },
  ];
  return { files: [`src/${room}/**/*.ts`], rules: { "no-restricted-imports": ["error", { patterns, paths }] } };
}

const importsOf = new Map();

/** The files of src/ that a file imports, types as well. */
function importedBy(file) {
  if (!importsOf.has(file)) {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    const names = [...text.matchAll(/\bfrom "(\.[^"]+)\.js"|\bimport\("(\.[^"]+)\.js"\)/g)].map((match) => `${match[1] ?? match[2]}.ts`);
    importsOf.set(
      file,
      names.map((name) => join(dirname(file), name)),
    );
  }
  return importsOf.get(file);
}

/** A way by imports from one file to another; null where there is none. */
function findWay(from, to, seen = new Set()) {
  for (const next of importedBy(from)) {
    if (next === to) return [from, to];
    if (seen.has(next)) continue;
    seen.add(next);
    const way = findWay(next, to, seen);
    if (way !== null) return [from, ...way];
  }
  return null;
}

/** Files that import one another cannot be read one after the other: what both need belongs into a third. */
const noCircles = {
  create: (context) => ({
    Program(node) {
      const way = findWay(context.filename, context.filename);
      if (way !== null)
        context.report({ node, message: `a circle of imports: ${way.map((file) => file.slice(file.indexOf("/src/") + 1)).join(" -> ")}` });
    },
  }),
};

/** What an environment is for is not where envpack runs: who needs the latter imports it from one file. */
const ONE_PLACE = ["platform", "arch"].map((property) => ({
  object: "process",
  property,
  message: "only src/support/this-machine.ts asks where this runs",
}));
const OS_NAMES = ["platform", "arch", "machine", "type"].map((property) => ({
  object: "os",
  property,
  message: "only src/support/this-machine.ts asks where this runs",
}));

const CORE_RULES = {
  eqeqeq: ["error", "always"],
  "no-alert": "error",
  "no-console": "error",
  "no-control-regex": "off",
  "no-else-return": "error",
  "no-empty": "error",
  "no-eval": "error",
  "no-fallthrough": "error",
  "no-new-func": "error",
  "no-param-reassign": "error",
  "no-promise-executor-return": "error",
  "no-self-compare": "error",
  "no-unmodified-loop-condition": "error",
  "no-unreachable-loop": "error",
  "no-useless-escape": "error",
  "no-var": "error",
  "no-warning-comments": ["error", { terms: ["todo", "fixme", "xxx"] }],
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-template": "error",
};

export default tseslint.config(
  { ignores: ["dist/", "coverage/", ".cache/", "node_modules/", "fixtures/*/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["**/*.{js,mjs,ts}"], rules: CORE_RULES },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/prefer-readonly": "error",
      // An async function without await is how a function promises never to throw before it returns.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ["src/**/*.ts"],
    plugins: { house: { rules: { "no-circles": noCircles } } },
    rules: {
      "house/no-circles": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: ":matches(PropertyDefinition, MethodDefinition[kind!='constructor'], TSParameterProperty)[accessibility='private']",
          message: "a private member is a #name",
        },
        {
          selector: "CallExpression[callee.property.name=/^(push|unshift)$/] > SpreadElement",
          message: "some 120,000 arguments overflow the stack; append() of src/support/append.ts takes any number",
        },
      ],
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "exit", message: "only a signal ends the process; set an exit status" },
        ...ONE_PLACE,
        ...OS_NAMES,
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/cli/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "exit", message: "only src/cli decides about exit statuses" },
        { object: "process", property: "stdout", message: "only src/cli prints" },
        { object: "process", property: "stderr", message: "only src/cli prints" },
        { object: "process", property: "stdin", message: "only src/cli reads from the terminal" },
        ...ONE_PLACE,
        ...OS_NAMES,
      ],
    },
  },
  { files: ["src/support/this-machine.ts"], rules: { "no-restricted-properties": "off" } },
  ...Object.entries(ROOMS).map(([room, allowed]) => roomRule(room, allowed)),
  { ...roomRule("engine", ROOMS.engine, []), files: [THREADS] },
  {
    // Their functions are suites: length is no sign of trouble there, and JSON.parse gives any.
    files: ["test/**/*.ts", "bench/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  { files: ["test/**/*.ts", "bench/**", "fixtures/**", "**/*.mjs"], rules: { "no-console": "off" } },
);
