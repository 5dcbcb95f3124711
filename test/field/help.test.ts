import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { Session } from "../../src/cli/session.js";
import { layOutNotes } from "../../src/cli/wrap.js";
import { VERSION } from "../../src/support/version.js";
import { runMain } from "../cli/in-process.js";
import { scratchFolder } from "../scratch.js";

let scratch: string;
const home = process.cwd();

beforeAll(() => {
  scratch = scratchFolder("help");
  mkdirSync(join(scratch, "shop"));
  writeFileSync(join(scratch, "shop/package.json"), '{ "name": "shop", "version": "1.0.0" }');
  writeFileSync(join(scratch, "shop.tar.gz"), "");
  process.chdir(scratch);
});
afterAll(() => {
  process.chdir(home);
});
afterEach(() => void vi.unstubAllEnvs());

/** The names of all commands, as they are typed. */
function allCommands(): string[][] {
  const program = buildProgram(new Session(undefined));
  return program.commands.flatMap((one) => [[one.name()], ...one.commands.map((engine) => [one.name(), engine.name()])]);
}

describe("N4: help fits any width and answers what it is asked", () => {
  test.each([100, 80, 40, 30])("no line of any command's help is wider than %i columns", async (width) => {
    vi.stubEnv("COLUMNS", String(width));
    for (const words of [[], ...allCommands()]) {
      const { stdout } = await runMain(...words, "--help");
      expect(stdout).toMatch(/^Usage: envpack/);
      // A word that is longer than the window, such as a file's name, is not cut.
      const tooLong = stdout.split("\n").filter(
        (line) =>
          line.length > width &&
          /\S\s+\S/.test(
            line
              .replace(/ \\$/, "")
              .replaceAll(/'[^']*'/g, "quoted")
              .trim(),
          ),
      );
      expect(tooLong).toEqual([]);
    }
  });

  test("an example that is broken over lines is still the same command", () => {
    const line = "envpack deliver slurm shop.tar.gz -N 3 --sbatch --time=10 -- node -p 'process.version + 1'";
    const broken = layOutNotes(`Examples:\n  ${line}`, 40);
    expect(broken).toContain("\\\n");
    expect(
      broken
        .replace("Examples:", "")
        .replaceAll(/ \\\n +/g, " ")
        .trim(),
    ).toBe(line);
  });

  test("`help COMMAND`, `help deliver ENGINE` and `deliver help ENGINE` print that help", async () => {
    expect((await runMain("help", "pack")).stdout).toBe((await runMain("pack", "--help")).stdout);
    for (const engine of ["yarn", "slurm"]) {
      const { stdout } = await runMain("deliver", engine, "--help");
      expect(stdout).toContain(`Usage: envpack deliver ${engine}`);
      expect((await runMain("help", "deliver", engine)).stdout).toBe(stdout);
      expect((await runMain("deliver", "help", engine)).stdout).toBe(stdout);
    }
  });

  test("help of what does not exist says so, with the nearest or all of them", async () => {
    expect(await runMain("help", "nope")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/no command "nope" to help with\nhint: the commands are pack, unpack/),
    });
    expect((await runMain("help", "unpak")).stderr).toContain("hint: did you mean `envpack help unpack`?");
    expect((await runMain("help", "deliver", "slrum")).stderr).toContain("hint: did you mean `envpack help deliver slurm`?");
    expect((await runMain("deliver", "help", "k8s")).stderr).toContain("the engines are yarn, slurm");
  });

  test.each([["-v"], ["-V"], ["--version"], ["version"]])("%s prints the version", async (word) => {
    expect(await runMain(word)).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: "" });
  });

  test("wrong usage names the help of the command that it was", async () => {
    expect((await runMain("pack", "--format", "rar")).stderr).toContain("see `envpack pack --help`");
    expect((await runMain("deliver", "yarn", "x")).stderr).toContain("see `envpack deliver yarn --help`");
    expect((await runMain("unpack")).stderr).toContain("see `envpack unpack --help`");
  });
});

describe("N5: habits of conda-pack, and near misses, get the line that was meant", () => {
  test.each([
    [["-p", "."], "did you mean `envpack pack -p .`?"],
    [["-p", "shop"], "did you mean `envpack pack shop`?"],
    [["-n", "shop", "-o", "x.tar.gz"], "did you mean `envpack pack shop -o x.tar.gz`?"],
    [["-n", "v22"], "did you mean `envpack pack -n v22`?"],
    [["--output", "a b.tar"], "did you mean `envpack pack --output 'a b.tar'`?"],
    [["conda-unpack"], "did you mean `envpack relocate`?"],
    [["conda-pack", "-o", "x.tar"], "did you mean `envpack pack -o x.tar`?"],
    [["extract", "shop.tar.gz"], "did you mean `envpack unpack shop.tar.gz`?"],
    [["shop"], "did you mean `envpack pack shop`?"],
    [["shop.tar.gz"], "did you mean `envpack unpack shop.tar.gz`?"],
    [["activate"], "`source DIR/bin/activate`"],
    [["pack", "--jobs", "4"], "did you mean `envpack pack --n-threads 4`?"],
    [["pack", "--jobs=4"], "did you mean `envpack pack --n-threads=4`?"],
    [["unpack", "shop.tar.gz", "--threads", "2"], "did you mean `envpack unpack shop.tar.gz --n-threads 2`?"],
    [["pack", "--compress", "3"], "did you mean `envpack pack --compress-level 3`?"],
    [["pack", "--ignore-missing-files"], "leave it away"],
    [["pack", "--ignore-editable-packages"], "leave it away: linked packages go in"],
    [["list", "x", "--only", "y"], "it is an option of `envpack unpack`"],
    [["verfy"], "did you mean `envpack verify`?"],
    [["pack", "--exclud", "x"], "did you mean `envpack pack --exclude x`?"],
    [["deliver", "spark", "x"], "did you mean `envpack deliver yarn x`?"],
    [["pack", "-p", "shop"], "it is a project: `envpack pack shop`"],
    [["pack", "-n", "shop"], "it is a project: `envpack pack shop`"],
  ])("%j", async (args, hint) => {
    const { status, stderr } = await runMain(...args);
    expect([1, 2]).toContain(status);
    expect(stderr).toMatch(/^envpack: error\[[A-Z_]+\] [^\n]+\nhint: [^\n]+\n$/);
    expect(stderr).toContain(`hint: ${hint}`);
  });

  test("a word that is near to nothing gets no wrong suggestion", async () => {
    const { stderr } = await runMain("quux");
    expect(stderr).not.toContain("did you mean");
    expect((await runMain("versions")).stderr).toContain("did you mean `envpack version`?");
  });
});

describe("N13: what does not exist is said not to exist", () => {
  test.each([
    [["run", "nope.tar.gz"]],
    [["run", "nope", "--", "node"]],
    [["unpack", "nope.tar.gz"]],
    [["info", "nope"]],
    [["list", "nope"]],
    [["verify", "nope"]],
  ])("%j", async (args) => {
    expect(await runMain(...args)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/error\[IO\] cannot (run|read[^:]*): no such file or folder \(ENOENT\): \S*nope/),
    });
  });
});
