import { execFileSync, spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { layOut, makeEnvironment, makeFolder, NASTY, write } from "./furnished.js";

/** Shells that source bin/activate, and how each is started without the user's files. */
const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ["bash", ["bash", "--noprofile", "--norc"]],
  ["bash as sh", ["bash", "--posix"]],
  ["zsh", ["zsh", "-f"]],
  ["zsh as sh", ["zsh", "--emulate", "sh", "-f"]],
  ["dash", ["dash"]],
  ["busybox ash", ["busybox", "ash"]],
  ["ksh93", ["ksh93"]],
  ["mksh", ["mksh"]],
  ["yash", ["yash", "--posix"]],
];

/** Variables that shells change by themselves from one command to the next. */
const FLEETING =
  /^(_|LINENO|SECONDS|RANDOM|SRANDOM|EPOCH\w*|BASH_\w+|PIPESTATUS|pipestatus|TTYIDLE|histchars|ERRNO|KSH_\w*|PPID|status|\?|ZSH_\w*|argv|OPTIND|funcstack|0|before|after|HISTCMD)(=|\[|$)/;

for (const [label, words] of SHELLS) {
  const [shell = ""] = words;
  const missing = spawnSync(shell, ["-c", ":"]).error !== undefined;
  describe.skipIf(missing)(missing ? `${label} (skipped: ${shell} is not installed)` : label, () => {
    let root: string;
    let other: string;
    // What a shell writes of a variable that holds a newline is no line that could be compared.
    let oneLine: string;

    beforeAll(async () => {
      root = await layOut(makeFolder(NASTY), makeEnvironment({ name: "first env" }));
      oneLine = await layOut(makeFolder(NASTY.replace("\n", "")), makeEnvironment({ name: "first env" }));
      other = await layOut(makeFolder("other"), makeEnvironment({ name: "other" }));
    });

    function run(script: string, env: NodeJS.ProcessEnv = {}, cwd = "/"): { status: number | null; stdout: string; stderr: string } {
      const file = join(makeFolder(), "script.sh");
      write(file, script);
      const all = { PATH: "/usr/bin:/bin", A: root, B: other, LC_ALL: "C.UTF-8", ...env };
      return spawnSync("/usr/bin/env", [...words, file], { encoding: "utf8", env: all, cwd });
    }

    function lines(script: string, env?: NodeJS.ProcessEnv, cwd?: string): string[] {
      const { status, stdout, stderr } = run(script, env, cwd);
      expect(stderr).toBe("");
      expect(status).toBe(0);
      return stdout.split("\0").slice(0, -1);
    }

    /** What differs between two places of a script, as lines; each place is \`state >FILE\`. */
    function changed(script: string, env?: NodeJS.ProcessEnv): string[] {
      const folder = makeFolder();
      const text = script
        .replaceAll("BEFORE", `{ set; export -p; } >'${folder}/before'`)
        .replaceAll("AFTER", `{ set; export -p; } >'${folder}/after'`);
      const { status, stderr } = run(text, { A: oneLine, ...env });
      expect([stderr, status]).toEqual(["", 0]);
      const read = (name: string): string[] =>
        execFileSync("cat", [join(folder, name)], { encoding: "utf8" })
          .split("\n")
          .filter((line) => !FLEETING.test(line.replace(/^(declare -\S+|export|typeset -\S+( -\S+)*) /, "")));
      const [before, after] = [read("before"), read("after")];
      return [
        ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
        ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
      ];
    }

    it("finds its own place and sets the environment up", () => {
      const [path, prefix, name, node] = lines(`. "$A/bin/activate"
        printf '%s\\0' "$PATH" "$ENVPACK_PREFIX" "$ENVPACK_NAME" "$(node -p process.execPath)"`);
      expect([path, prefix]).toEqual([`${root}/bin:/usr/bin:/bin`, root]);
      expect([name, node]).toEqual(["first-env", `${root}/bin/node`]);
    });

    it("gives a NODE_OPTIONS that node understands, before the user's own", () => {
      write(join(other, "mine.cjs"), "globalThis.mine = Object.keys(require.cache).length");
      const [seen] = lines(`. "$A/bin/activate"; printf '%s\\0' "$(node -p 'mine + " " + Object.keys(require.cache)[0]')"`, {
        NODE_OPTIONS: `--require=${other}/mine.cjs`,
      });
      expect(seen).toBe(`2 ${root}/.envpack/hook.cjs`);
    });

    it("finds its place by a relative path, through a link, and in a subshell", () => {
      const elsewhere = makeFolder("else where");
      symlinkSync(join(root, "bin/activate"), join(elsewhere, "act"));
      const print = `printf '%s\\0' "$ENVPACK_PREFIX"`;
      expect(lines(`. ./bin/activate; ${print}`, {}, root)).toEqual([root]);
      expect(lines(`. ../bin/activate; ${print}`, {}, join(root, ".envpack"))).toEqual([root]);
      expect(lines(`( . "$A/bin/activate"; ${print} ); printf '%s\\0' "\${ENVPACK_PREFIX-none}"`)).toEqual([root, "none"]);
      // Those that read a file through the kernel's eyes see where the link leads, the others follow it.
      expect(lines(`. "${elsewhere}/act"; ${print}`)).toEqual([root]);
    });

    it("is undone by deactivate to the last variable, unset or empty or set", () => {
      for (const env of [{}, { NODE_OPTIONS: "" }, { NODE_OPTIONS: "--no-warnings", NPM_CONFIG_PREFIX: "/old", ENVPACK_NAME: "" }]) {
        const script = `PS1='$ '\nBEFORE\n. "$A/bin/activate"\ndeactivate\nAFTER`;
        expect(changed(script, env)).toEqual([]);
        expect(changed(script.replace("deactivate", '. "$A/bin/deactivate"'), env)).toEqual([]);
      }
    });

    it("is safe under set -e, -u, -f and noclobber", () => {
      expect(
        changed(`set -euf; set -C; unset PS1 || :\nBEFORE\n. "$A/bin/activate"\n. "$B/bin/activate"\ndeactivate\ndeactivate\nAFTER`),
      ).toEqual([]);
    });

    it("keeps variables that were not exported so", () => {
      expect(changed(`NODE_OPTIONS=--no-warnings\nBEFORE\n. "$A/bin/activate"\ndeactivate\nAFTER`)).toEqual([]);
    });

    it("is taken back once after a second activation of the same environment", () => {
      expect(changed(`BEFORE\n. "$A/bin/activate"\n. "$A/bin/activate"\ndeactivate\nAFTER`)).toEqual([]);
    });

    it("can lie on top of another environment and unwinds to it", () => {
      const show = `printf '%s\\0' "$PATH" "$ENVPACK_NAME"`;
      const all = `. "$A/bin/activate"; . "$B/bin/activate"; ${show}; deactivate; ${show}; deactivate; printf '%s\\0' "$PATH" "\${ENVPACK_NAME-none}"`;
      expect(lines(all)).toEqual([
        `${other}/bin:${root}/bin:/usr/bin:/bin`,
        "other",
        `${root}/bin:/usr/bin:/bin`,
        "first-env",
        "/usr/bin:/bin",
        "none",
      ]);
      expect(changed(`BEFORE\n. "$A/bin/activate"\n. "$B/bin/activate"\ndeactivate\ndeactivate\nAFTER`)).toEqual([]);
    });

    it("leaves what the user changed in between", () => {
      const seen = lines(
        `. "$A/bin/activate"; PATH=/mine:$PATH:/yours; NODE_OPTIONS="--no-warnings $NODE_OPTIONS --no-deprecation"; ENVPACK_NAME=/new
        deactivate; printf '%s\\0' "$PATH" "$NODE_OPTIONS" "$ENVPACK_NAME"`,
      );
      expect(seen).toEqual(["/mine:/usr/bin:/bin:/yours", "--no-warnings --no-deprecation", "/new"]);
    });

    it("shows the name in the prompt, unless told not to", () => {
      const show = `PS1='> '; . "$A/bin/activate"; printf '%s\\0' "$PS1"; deactivate; printf '%s\\0' "$PS1"`;
      expect(lines(show)).toEqual(["(first-env) > ", "> "]);
      expect(lines(show, { ENVPACK_DISABLE_PROMPT: "1" })).toEqual(["> ", "> "]);
    });

    // mksh and yash look even for printf and [ on PATH: without one, nothing works in them.
    const needsPath = shell === "mksh" || shell === "yash";
    if (!needsPath)
      it("works without PATH", () => {
        const seen = lines(`PATH=; . "$A/bin/activate"; printf '%s\\0' "$PATH"; deactivate; printf '%s\\0' "$PATH"`);
        expect(seen).toEqual([`${root}/bin`, ""]);
      });

    const tellsFunctions = shell === "bash" || shell === "zsh";
    if (tellsFunctions)
      it("gives another tool its function deactivate back", () => {
        expect(lines(`deactivate() { printf 'theirs\\0'; }; . "$A/bin/activate"; deactivate; deactivate`)).toEqual(["theirs"]);
      });

    it("says so where nothing is activated", () => {
      const { status, stderr } = run(`. "$A/bin/deactivate"`);
      expect([status, stderr]).toEqual([0, "envpack: no environment is activated in this shell\n"]);
    });
  });
}

describe("a shell that does not tell which file it reads", () => {
  it("takes ENVPACK_ROOT or its folder, or says what to do", async () => {
    const root = await layOut(makeFolder(), makeEnvironment());
    // From a pipe there is no file to be found, in any shell.
    const sourced = `cat '${root}/bin/activate' | { eval "$(cat)" || exit; printf %s "$ENVPACK_PREFIX"; }`;
    const run = (env: NodeJS.ProcessEnv, cwd: string): string =>
      spawnSync("dash", ["-c", sourced], { encoding: "utf8", env: { PATH: "/usr/bin:/bin", ...env }, cwd }).stdout;
    expect(run({ ENVPACK_ROOT: root }, "/")).toBe(root);
    expect(run({}, root)).toBe(root);
    const { status, stderr, stdout } = spawnSync("dash", ["-c", sourced], { encoding: "utf8", cwd: "/", env: { PATH: "/usr/bin:/bin" } });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^envpack: this shell does not tell where bin\/activate lies\nhint: set ENVPACK_ROOT /);
  });
});
