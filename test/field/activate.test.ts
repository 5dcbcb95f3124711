import { spawnSync } from "node:child_process";
import { renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { layOut, makeEnvironment, makeFolder, NASTY, write } from "../embed/furnished.js";

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
  ["yash", ["yash"]],
  ["yash as sh", ["yash", "--posix"]],
];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LOST =
  /^envpack: error\[NOT_AN_ENVIRONMENT\] this environment is not whole, it lacks .*\/lost\/\.envpack\nhint: .*cp -a dir target.*\n$/;
const COLON =
  /^envpack: error\[TARGET_UNSUITABLE\] .*PATH cannot hold .*rel-2026-11-28T05:58\/env\nhint: move it to a folder without ":" in its path\n$/;

let colon: string;
let lost: string;
beforeAll(async () => {
  colon = await layOut(makeFolder("rel-2026-11-28T05:58/env"), makeEnvironment());
  lost = await layOut(makeFolder("lost"), makeEnvironment());
  renameSync(join(lost, ".envpack"), join(lost, "gone"));
});

for (const [label, words] of SHELLS) {
  const [shell = ""] = words;
  const missing = spawnSync(shell, ["-c", ":"]).error !== undefined;
  describe.skipIf(missing)(missing ? `${label} (skipped: ${shell} is not installed)` : label, () => {
    let root: string;

    beforeAll(async () => {
      root = await layOut(makeFolder(NASTY), makeEnvironment({ name: "first" }));
    });

    function run(lines: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
      const file = join(makeFolder(), "script.sh");
      write(file, `${lines.join("\n")}\n`);
      const all = { PATH: "/usr/bin:/bin", A: root, COLON: colon, LOST: lost, LC_ALL: "C.UTF-8", ...env };
      return spawnSync("/usr/bin/env", [...words, file], { encoding: "utf8", env: all });
    }

    /** What a script prints that activates, shows where node is, and deactivates. */
    function expectWorks(before: readonly string[], after: readonly string[] = [], env: NodeJS.ProcessEnv = {}): void {
      const lines = [...before, '. "$A/bin/activate"', `node -p 'process.execPath'`, "deactivate", `printf '%s\\n' "$PATH"`, ...after];
      expect(run(lines, env)).toEqual(expect.objectContaining({ status: 0, stderr: "", stdout: `${root}/bin/node\n/usr/bin:/bin\n` }));
    }

    test.each([
      ["newline and tab", "IFS='\n\t'"],
      ["a colon", "IFS=:"],
      ["letters and digits", "IFS=en0123456789/_"],
      ["nothing", "IFS="],
    ])("W8: activates where IFS is %s", (_, line) => {
      expectWorks([line]);
    });

    test("W8: activates under strict modes, all together, and keeps them", () => {
      expectWorks(
        ["set -eufC", "(set -o pipefail) 2>/dev/null && set -o pipefail", "IFS='\n\t'", "was=$-"],
        ['case $- in "$was") ;; *) echo "$- was $was" ;; esac'],
      );
    });

    test("W8: activates beside aliases and functions by the names of what it uses", () => {
      const names = ["cd", "pwd", "readlink", "sh", "read", "unset", "export", "eval", "return", "typeset"];
      const aliases = names.map((name) => `alias ${name}='echo alias ${name};'`);
      const functions = ["cd", "pwd", "readlink", "echo", "sh"].map((name) => `${name}() { printf 'function\\n'; }`);
      const shopt = label === "bash" ? ["shopt -s expand_aliases"] : [];
      expectWorks(functions);
      expectWorks([...shopt, ...aliases]);
    });

    test("W11: activates again in a strict child of a shell that exports all", () => {
      const child = join(makeFolder(), "child.sh");
      write(child, `set -eu\n. "$A/bin/activate"\nnode -p 'process.execPath'\ndeactivate\necho done\n`);
      const command = words.map((word) => `'${word}'`).join(" ");
      const seen = run([
        "set -a",
        '. "$A/bin/activate"',
        "set +a",
        "env | grep -c _envpack -i",
        `${command} '${child}'`,
        "deactivate",
        `printf '%s\\n' "$PATH"`,
      ]);
      expect(seen.stderr).toBe("");
      expect(seen.stdout.split("\n").slice(1)).toEqual([...`${root}/bin/node`.split("\n"), "done", "/usr/bin:/bin", ""]);
    });

    test("W11: exports nothing of its own where all is exported, and leaves allexport as it was", () => {
      const names = `node -p 'Object.keys(process.env).filter((name) => /^_?_?envpack/i.test(name)).sort().join()'`;
      const seen = run(["set -a", '. "$A/bin/activate"', names, "deactivate", "MINE=1", "export -p | grep -c MINE="]);
      expect([seen.stderr, seen.stdout]).toEqual(["", "ENVPACK_NAME,ENVPACK_PREFIX\n1\n"]);
    });

    test("W11: does not believe variables of its own that a shell above exported", () => {
      const env = {
        _ENVPACK_DEPTH: "1",
        _ENVPACK_1_ROOT: root,
        _ENVPACK_1_OLD_PATH: "/wrong",
        _ENVPACK_1_NEW_PATH: `${root}/bin:/usr/bin:/bin`,
      };
      expectWorks(["set -eu"], [], env);
    });

    test("W12: sets no variable that nvm refuses to work beside", () => {
      // nvm.sh, nvm_die_on_prefix: any spelling of npm_config_prefix, and PREFIX.
      const seen = run([
        '. "$A/bin/activate"',
        `node -p 'Object.keys(process.env).filter((name) => /^(npm_config_)?prefix$/i.test(name)).join()'`,
      ]);
      expect(seen).toMatchObject({ status: 0, stderr: "", stdout: "\n" });
    });

    test("W15: executed instead of sourced, it says to source it", () => {
      const link = join(makeFolder(), "act");
      symlinkSync(join(root, "bin/activate"), link);
      for (const file of [join(root, "bin/activate"), link]) {
        const { status, stdout, stderr } = spawnSync("/usr/bin/env", [...words, file], { encoding: "utf8" });
        expect([status, stdout, stderr]).toEqual([
          1,
          "",
          `envpack: bin/activate changes the shell that reads it: source it (\`. ${file}\`) instead of executing it\n`,
        ]);
      }
    });

    test("W9: says what is missing and what loses it, and changes nothing", () => {
      const seen = run(['. "$LOST/bin/activate" || echo "status $?"', `printf '%s\\n' "$PATH"`]);
      expect(seen.stdout).toBe("status 1\n/usr/bin:/bin\n");
      expect(seen.stderr).toMatch(LOST);
    });

    test("W5: refuses a path that PATH cannot hold, and changes nothing", () => {
      const seen = run(['. "$COLON/bin/activate" || echo "status $?"', `printf '%s\\n' "$PATH"`]);
      expect(seen.stdout).toBe("status 1\n/usr/bin:/bin\n");
      expect(seen.stderr).toMatch(COLON);
    });
  });
}

const OTHERS: readonly (readonly [string, readonly string[], string])[] = [
  ["fish", ["fish", "--no-config"], "activate.fish"],
  ["tcsh", ["tcsh", "-f"], "activate.csh"],
];

for (const [shell, words, script] of OTHERS) {
  const missing = spawnSync(shell, ["-c", "true"]).error !== undefined;
  describe.skipIf(missing)(missing ? `${shell} (skipped: it is not installed)` : shell, () => {
    let root: string;
    beforeAll(async () => {
      root = await layOut(makeFolder("an env"), makeEnvironment({ name: "first" }));
    });

    function run(lines: readonly string[]): Ended {
      const file = join(makeFolder(), "script");
      write(file, `${lines.join("\n")}\n`);
      const env = { PATH: "/usr/bin:/bin", HOME: makeFolder(), A: root, COLON: colon, LOST: lost, LC_ALL: "C.UTF-8" };
      return spawnSync("/usr/bin/env", [...words, file], { encoding: "utf8", env });
    }

    test("W8: activates beside the aliases that many have", () => {
      const aliases =
        shell === "fish"
          ? ["function ls; command ls --color=always -F; end", "function realpath; echo no; end"]
          : ["alias ls 'ls --color=always -F'", "alias sed 'sed -n'", "alias env 'echo no'"];
      expect(run([...aliases, `source "$A/bin/${script}"`, "node -p process.execPath"])).toMatchObject({
        stderr: "",
        stdout: `${root}/bin/node\n`,
      });
    });

    test("W12: sets no variable that nvm refuses to work beside", () => {
      expect(run([`source "$A/bin/${script}"`, "printenv npm_config_prefix"]).stdout).toBe("");
    });

    test("W15: executed instead of sourced, it says to source it", () => {
      const file = join(root, "bin", script);
      const { status, stdout, stderr } = spawnSync("/usr/bin/env", [...words, file], { encoding: "utf8" });
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(
        /^envpack: bin\/activate\.\w+ changes the shell that reads it: source it \(`?source .*\)? instead of executing it\n$/,
      );
    });

    test("W9, W5: says what is wrong, and changes nothing", () => {
      const print = "printenv PATH";
      const gone = run([`source "$LOST/bin/${script}"`, print]);
      expect([gone.stdout, LOST.test(gone.stderr), gone.stderr]).toEqual(["/usr/bin:/bin\n", true, expect.anything()]);
      const refused = run([`source "$COLON/bin/${script}"`, print]);
      expect([refused.stdout, COLON.test(refused.stderr), refused.stderr]).toEqual(["/usr/bin:/bin\n", true, expect.anything()]);
    });
  });
}
