import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { layOut, makeEnvironment, makeFolder, NASTY, write } from "./furnished.js";

/** Shells with activate scripts of their own; `state` writes all that they hold to a file. */
const SHELLS = [
  {
    name: "fish",
    words: ["fish", "--no-config"],
    script: "activate.fish",
    unset: (name: string) => `set -e ${name}`,
    state: (file: string) => `begin; set; set -x; functions -n; end > '${file}'`,
    fleeting: /^(status|pipestatus|CMD_DURATION|history|__fish_\w+|_fish_\w+|fish_kill_signal|last_pid) /,
    prompt: "fish_prompt",
    setPrompt: "function fish_prompt; echo -n '> '; end",
    folder: NASTY,
  },
  {
    name: "tcsh",
    words: ["tcsh", "-f"],
    script: "activate.csh",
    unset: (name: string) => `unsetenv ${name}`,
    state: (file: string) => `( set; printenv; alias ) > '${file}'`,
    fleeting: /^(_|SHLVL|shlvl|status|PATH_of_last)\b/,
    prompt: 'echo -n "$prompt:q"',
    setPrompt: "set prompt = '> '",
    // csh has no way to write a newline, nor to keep "!" from being history.
    folder: NASTY.replace(/[\n!]/g, ""),
  },
];

for (const shell of SHELLS) {
  const [program = ""] = shell.words;
  const missing = spawnSync(program, ["-c", "true"]).error !== undefined;
  describe.skipIf(missing)(missing ? `${shell.name} (skipped: it is not installed)` : shell.name, () => {
    let root: string;
    let other: string;

    beforeAll(async () => {
      root = await layOut(makeFolder(shell.folder), makeEnvironment({ name: "first env" }));
      other = await layOut(makeFolder("other"), makeEnvironment({ name: "other" }));
    });

    const activate = (variable: string): string => `source "$${variable}/bin/${shell.script}"`;
    const show = `printenv PATH; printenv ENVPACK_NAME`;

    function run(lines: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = "/"): string {
      const file = join(makeFolder(), "script");
      write(file, `${lines.join("\n")}\n`);
      const all = { PATH: "/usr/bin:/bin", HOME: makeFolder(), A: root, B: other, LC_ALL: "C.UTF-8", ...env };
      const { stdout, stderr } = spawnSync("/usr/bin/env", [...shell.words, file], { encoding: "utf8", env: all, cwd });
      expect(stderr).toBe("");
      return stdout;
    }

    function changed(lines: readonly string[], env?: NodeJS.ProcessEnv): string[] {
      const [before, after] = [join(makeFolder(), "state"), join(makeFolder(), "state")];
      run([shell.setPrompt, shell.state(before), ...lines, shell.state(after)], env);
      const read = (file: string): string[] =>
        readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => !shell.fleeting.test(line));
      const [old, now] = [read(before), read(after)];
      return [
        ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
        ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
      ];
    }

    it("finds its own place and sets the environment up", () => {
      const out = run([activate("A"), "node -p 'JSON.stringify([process.execPath, process.env])'"]);
      const [node, env] = JSON.parse(out) as [string, NodeJS.ProcessEnv];
      expect(node).toBe(join(root, "bin/node"));
      expect(env).toMatchObject({ PATH: `${root}/bin:/usr/bin:/bin`, ENVPACK_PREFIX: root, ENVPACK_NAME: "first-env" });
    });

    it("finds its place by a relative path and through a link", () => {
      expect(run([`source bin/${shell.script}`, "printenv ENVPACK_PREFIX"], {}, root)).toBe(`${root}\n`);
      const elsewhere = makeFolder();
      symlinkSync(join(root, "bin", shell.script), join(elsewhere, "act"));
      expect(run([`source '${elsewhere}/act'`, "printenv ENVPACK_PREFIX"])).toBe(`${root}\n`);
    });

    it("loads the hook, before what the user preloads", () => {
      write(join(other, "mine.cjs"), "globalThis.mine = Object.keys(require.cache)[0]");
      const out = run([activate("A"), "node -p mine"], { NODE_OPTIONS: `--require=${other}/mine.cjs` });
      expect(out).toBe(`${root}/.envpack/hook.cjs\n`);
    });

    it("is undone by deactivate to the last variable, unset or empty or set", () => {
      for (const env of [{}, { NODE_OPTIONS: "" }, { NODE_OPTIONS: "--no-warnings", NPM_CONFIG_PREFIX: "/old", ENVPACK_NAME: "" }]) {
        expect(changed([activate("A"), "deactivate"], env)).toEqual([]);
        expect(changed([activate("A"), `source "$A/bin/de${shell.script}"`], env)).toEqual([]);
      }
    });

    it("is taken back once after a second activation of the same environment", () => {
      expect(run([activate("A"), activate("A"), show, "deactivate", "printenv PATH"])).toBe(
        `${root}/bin:/usr/bin:/bin\nfirst-env\n/usr/bin:/bin\n`,
      );
    });

    it("gives way to another environment", () => {
      const seen = run([activate("A"), activate("B"), show]);
      expect([seen.startsWith(`${other}/bin:`), seen.endsWith("\nother\n")]).toEqual([true, true]);
      const twice = shell.name === "fish" ? ["deactivate", "deactivate"] : ["deactivate"];
      expect(run([activate("A"), activate("B"), ...twice, "printenv PATH"])).toBe("/usr/bin:/bin\n");
    });

    it("shows the name in the prompt, unless told not to", () => {
      const lines = [shell.setPrompt, activate("A"), shell.prompt, "deactivate", shell.prompt];
      expect(run(lines)).toBe("(first-env) > > ");
      expect(run(lines, { ENVPACK_DISABLE_PROMPT: "1" })).toBe("> > ");
    });
  });
}

describe("fish", () => {
  const missing = spawnSync("fish", ["-c", "true"]).error !== undefined;
  it.skipIf(missing)(`leaves what the user changed in between${missing ? " (skipped: fish is not installed)" : ""}`, async () => {
    const root = await layOut(makeFolder("with space"), makeEnvironment());
    const script = [
      `source '${root}/bin/activate.fish'`,
      "set -gx PATH /mine $PATH /yours",
      'set -gx NODE_OPTIONS "--no-warnings $NODE_OPTIONS --no-deprecation"',
      "set -gx ENVPACK_NAME /new",
      "deactivate",
      'echo "$PATH|$NODE_OPTIONS|$ENVPACK_NAME"',
    ].join("\n");
    const { stdout } = spawnSync("fish", ["--no-config", "-c", script], {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin", HOME: makeFolder() },
    });
    expect(stdout).toBe("/mine:/usr/bin:/bin:/yours|--no-warnings --no-deprecation|/new\n");
  });
});
