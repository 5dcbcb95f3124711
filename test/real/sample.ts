import { spawnSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The files of a small project: a program, a workspace with a command, a dependency with a command. */
const FILES = new Map<string, string>([
  [
    "package.json",
    json({
      name: "@acme/pantry",
      version: "1.2.3",
      private: true,
      type: "module",
      workspaces: ["packages/*"],
      dependencies: { greeter: "1.0.0", ms: "2.1.3", semver: "7.7.2" },
      devDependencies: { "is-number": "7.0.0" },
    }),
  ],
  [
    "main.js",
    `import { greet } from "greeter";
import ms from "ms";
import { readFileSync } from "node:fs";
const own = JSON.parse(readFileSync(new URL("package.json", import.meta.url)));
console.log(JSON.stringify({ greeting: greet(own.name), day: ms("1d"), node: process.versions.node }));
`,
  ],
  [
    "packages/greeter/package.json",
    json({
      name: "greeter",
      version: "1.0.0",
      type: "module",
      exports: { ".": "./index.js", "./loud": { import: "./loud.js" } },
      bin: { greet: "cli.js" },
    }),
  ],
  ["packages/greeter/index.js", "export const greet = (name) => `hello ${name}`;\n"],
  ["packages/greeter/loud.js", "export const greet = (name) => `HELLO ${name.toUpperCase()}`;\n"],
  [
    "packages/greeter/cli.js",
    '#!/usr/bin/env node\nimport { greet } from "./index.js";\nconsole.log(greet(process.argv[2] ?? "nobody"));\n',
  ],
  ["assets/ünïcode name.txt", "kept\n"],
  [".env", "TOKEN=hush\n"],
]);

/** What main.js prints, apart from the version of node. */
export const SAMPLE_OUTPUT = { greeting: "hello @acme/pantry", day: 86_400_000 };

/** Writes the project into a folder and installs it with the real npm. */
export function buildSample(folder: string): void {
  for (const [path, content] of FILES) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  npm(folder, ["install"]);
  // A program under two names, as esbuild's postinstall script makes one.
  chmodSync(join(folder, "packages/greeter/cli.js"), 0o755);
  linkSync(join(folder, "packages/greeter/cli.js"), join(folder, "packages/greeter/twin.js"));
}

/** Runs npm, which must succeed. */
export function npm(folder: string, args: readonly string[]): void {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stdout, stderr } = spawnSync("npm", [...args, ...quiet], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in ${folder}:\n${stdout}${stderr}`);
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
