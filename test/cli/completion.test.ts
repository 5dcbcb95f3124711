import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { describeProgram, withSubcommands } from "../../src/cli/completion/describe.js";
import { buildProgram } from "../../src/cli/program.js";
import { Session } from "../../src/cli/session.js";
import { execute, has, makeScratch } from "../real/commands.js";
import { runMain } from "./in-process.js";

const scratch = makeScratch();
const work = join(scratch, "wo rk");

/** What each shell reads at its start: the script that envpack prints, beside an envpack that shows its words, one a line. */
beforeAll(async () => {
  mkdirSync(join(work, "target folder"), { recursive: true });
  mkdirSync(join(work, "sub"));
  for (const name of ["shop one.tar.gz", "plain.tar", "odd:name.zip"]) writeFileSync(join(work, name), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { status, stdout } = await runMain("completion", shell);
    expect(status).toBe(0);
    writeFileSync(join(scratch, `completion.${shell}`), stdout);
  }
  const fake = `envpack() { printf '<%s>\\n' "$@"; }\nPS1='> '\n`;
  writeFileSync(join(scratch, "bashrc"), `${fake}source '${scratch}/completion.bash'\n`);
  writeFileSync(join(scratch, ".zshrc"), `autoload -U compinit; compinit -u -D\n${fake}source '${scratch}/completion.zsh'\n`);
});

/** Types a line with its tabs into a shell on a terminal of its own; the words that came of it, with bars between. */
function type(shell: "bash" | "zsh", line: string): string {
  const start = shell === "bash" ? `bash --rcfile '${scratch}/bashrc' -i` : "zsh -d -i";
  const env = { PATH: process.env.PATH, HOME: scratch, ZDOTDIR: scratch, TERM: "xterm", LC_ALL: "C.UTF-8" };
  const { stdout } = execute("script", ["-qec", start, "/dev/null"], {
    cwd: work,
    env,
    input: `${line}\nexit\n`,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: 60_000,
  });
  return [...stdout.matchAll(/^<(.*)>\r*$/gm)].map((match) => match[1] ?? "").join("|");
}

/** Why a shell cannot be tried here; null where it can. */
function missing(shell: string): string | null {
  if (!has(shell)) return `${shell} is not installed here`;
  return shell !== "fish" && (process.platform !== "linux" || !has("script")) ? "util-linux's script is not installed here" : null;
}

describe.each(["bash", "zsh"] as const)("in %s, the tabulator completes", (shell) => {
  test.for([
    ["a command, an option, a choice", "envpack unp\t plain.tar --force-pl\t", "unpack|plain.tar|--force-platform"],
    ["a choice of an option, in both spellings", "envpack pack --format tar.x\t --links=re\t", "pack|--format|tar.xz|--links=refuse"],
    ["words that a parser of its own takes", "envpack pack --node lat\t --omit d\t", "pack|--node|latest|--omit|dev"],
    ["an engine, and its options", "envpack del\tsl\t --sub\t plain.tar", "deliver|slurm|--submit|plain.tar"],
    ["a file with a space in its name", "envpack info sho\t", "info|shop one.tar.gz"],
    ["a file with a colon in its name", "envpack info od\t", "info|odd:name.zip"],
    ["a folder where a folder is taken", "envpack pack --prefix tar\t", "pack|--prefix|target folder/"],
    ["no option behind --", "envpack run plain.tar -- --js\t", "run|plain.tar|--|--js"],
    ["the command of another word only where a command stands", "envpack pack -o deliver --no-re\t", "pack|-o|deliver|--no-reuse"],
    ["a command that help tells of", "envpack help relo\t", "help|relocate"],
  ] as const)("%s", ([, line, expected], { skip }) => {
    const reason = missing(shell);
    if (reason !== null) skip(reason);
    // zsh takes a slash away again that a command line ends with.
    expect(type(shell, line).replace(/\/$/, "")).toBe(expected.replace(/\/$/, ""));
  });
});

describe("in fish", () => {
  test.for([
    ["a command", "envpack unp", /^unpack\tverify an archive and restore it$/m],
    ["an option", "envpack pack --form", /^--format\t/],
    ["a choice", "envpack pack --format tar.x", /^tar\.xz\t/],
    ["words that a parser of its own takes", "envpack diff --ignore pl", /^platform\t/],
    ["an engine", "envpack deliver sl", /^slurm\t/],
    ["an engine's option", "envpack deliver slurm --sub", /^--submit\t/],
    ["a file", "envpack info sho", /^shop one\.tar\.gz$/m],
    ["a folder", "envpack pack --prefix tar", /^target folder\/(\t.*)?$/m],
    ["a file behind --", "envpack run plain.tar -- sho", /^shop one\.tar\.gz$/m],
    ["a command that help tells of", "envpack help relo", /^relocate$/m],
  ] as const)("complete -C gives %s", ([, line, expected], { skip }) => {
    const reason = missing("fish");
    if (reason !== null) skip(reason);
    const env = { ...process.env, HOME: scratch, XDG_CONFIG_HOME: join(scratch, "config") };
    const { stdout, stderr } = execute("fish", ["-c", "source $argv[1]; complete -C $argv[2]", join(scratch, "completion.fish"), line], {
      cwd: work,
      env,
    });
    expect(stderr).toBe("");
    expect(stdout).toMatch(expected);
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });
});

test("every command and every option that help shows is in the script of each shell", async () => {
  const all = withSubcommands(describeProgram(buildProgram(new Session(undefined))));
  const names = all.flatMap(({ path, options }) => [path.at(-1) ?? "", ...options.flatMap((option) => option.names)]);
  expect(names.length).toBeGreaterThan(100);
  for (const shell of ["bash", "zsh"]) {
    const { stdout } = await runMain("completion", shell);
    expect(names.filter((name) => !stdout.includes(name))).toEqual([]);
  }
  const { stdout } = await runMain("completion", "fish");
  expect(names.filter((name) => !stdout.includes(name.replace(/^--?/, "")))).toEqual([]);
});

describe("the manual page", () => {
  test("has every command and every option", async () => {
    const { status, stdout } = await runMain("man");
    expect(status).toBe(0);
    const page = stdout.replaceAll("\\-", "-");
    for (const { path, options } of withSubcommands(describeProgram(buildProgram(new Session(undefined)))).slice(1)) {
      expect(page).toContain(`.SS envpack ${path.join(" ")}\n`);
      for (const { names } of options) expect(page).toContain(`.B ${names.join(", ")}`);
    }
  });

  test.for([
    ["groff", ["-man", "-Tutf8", "-ww", "-z"]],
    ["mandoc", ["-T", "lint", "-W", "warning"]],
  ] as const)("%s finds nothing wrong with it", async ([program, args], { skip }) => {
    if (!has(program)) skip(`${program} is not installed here`);
    const file = join(scratch, "envpack.1");
    writeFileSync(file, (await runMain("man")).stdout);
    const { status, stdout, stderr } = execute(program, [...args, file]);
    // What has no date is never out of date.
    expect([
      status === 0 || program === "mandoc",
      `${stdout}${stderr}`.split("\n").filter((line) => !/^$|missing date/.test(line)),
    ]).toEqual([true, []]);
  });

  test("a terminal shows the same, whatever its width was when the page was made", async () => {
    const before = process.env.COLUMNS;
    const pages = new Set<string>();
    for (const columns of ["30", "100"]) {
      process.env.COLUMNS = columns;
      pages.add((await runMain("man")).stdout);
    }
    if (before === undefined) delete process.env.COLUMNS;
    else process.env.COLUMNS = before;
    expect(pages.size).toBe(1);
  });
});
