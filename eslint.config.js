import tseslint from "typescript-eslint";

/**
 * The rooms of src/ and the rooms each may import from; errors, progress and options are open to
 * all. ARCHITECTURE.md draws the same table: an import that runs the other way fails the lint.
 */
const ROOMS = {
  archive: [],
  manifest: [],
  listing: ["archive"],
  engine: ["archive", "listing", "relocate"],
  environment: ["listing", "manifest", "archive"],
  plan: ["environment", "listing", "archive", "manifest"],
  relocate: ["plan", "archive", "environment", "manifest"],
  onboard: ["environment", "plan", "manifest", "archive"],
  overlay: ["archive"],
  layer: ["archive"],
  restore: ["archive", "engine", "layer", "manifest", "relocate"],
  deliver: ["archive", "manifest", "onboard"],
  fleet: ["archive", "manifest", "restore"],
  doctor: ["archive", "environment", "listing", "manifest", "relocate", "restore"],
  cli: [],
};

/** The lint rule that keeps one room from importing what it must not. */
function roomRule(room, allowed) {
  const forbidden = Object.keys(ROOMS).filter((other) => other !== room && !allowed.includes(other));
  const patterns = [
    { regex: `^(\\.\\./)+(${forbidden.join("|")})/`, message: `src/${room} does not import from this room; see ARCHITECTURE.md` },
  ];
  if (room !== "cli") {
    patterns.push({
      regex: "^(\\.\\./)+(pack|unpack|verify|list|info|run|relocate|diff|layer|doctor|deliver-[a-z]+|index)\\.js$",
      message: "the verbs import the rooms, never the other way round",
    });
  }
  return { files: [`src/${room}/**/*.ts`], rules: { "no-restricted-imports": ["error", { patterns }] } };
}

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
    rules: {
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "exit", message: "only a signal ends the process; set an exit status" },
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
      ],
    },
  },
  ...Object.entries(ROOMS).map(([room, allowed]) => roomRule(room, allowed)),
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
