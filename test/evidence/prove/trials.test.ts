import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TrialContext } from "../../../src/evidence/prove/context.js";
import { OpenedFiles } from "../../../src/evidence/prove/opened.js";
import { wrapPlainly } from "../../../src/evidence/prove/sandbox/plain.js";
import type { InsideCommand, View } from "../../../src/evidence/prove/sandbox/sandbox.js";
import { startLimited, type Ended } from "../../../src/evidence/prove/start-limited.js";
import { tryCommands } from "../../../src/evidence/prove/trials/commands.js";
import { STAYS_UP } from "../../../src/evidence/prove/trials/probe-source.js";
import { tryLinks } from "../../../src/evidence/prove/trials/links.js";
import { makeScratch } from "../../real/commands.js";

const scratch = makeScratch();

test("a link is found that leads out, or that is absolute though it leads to what is inside; one to nothing inside is none", () => {
  const tree = join(scratch, "links");
  mkdirSync(join(tree, "app/sub"), { recursive: true });
  writeFileSync(join(tree, "app/file.js"), "");
  const links = {
    "app/good": "file.js",
    "app/sub/up": "../file.js",
    "app/nothing": "gone.js",
    "app/fixed": join(tree, "app/file.js"),
    "app/sub/out": "../../../x",
  };
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(tree, path));
  const found = tryLinks({ subject: { tree } } as TrialContext);
  expect(found.map(({ name, outcome }) => [name, outcome])).toEqual([
    ["app/fixed", "failed"],
    ["app/sub/out", "failed"],
  ]);
});

const ended = (status: number, more: Partial<Ended> = {}): Ended => ({
  status,
  signal: null,
  stdout: "",
  stderr: "",
  results: "",
  seconds: 0,
  exceeded: null,
  error: null,
  ...more,
});

/** Tries commands that end as they are said to, here and at the source. */
async function tryAll(
  here: Readonly<Record<string, Ended>>,
  source: Readonly<Record<string, Ended>> | null,
  {
    tree = join(scratch, "no-tree"),
    kind = "project",
    bins = [...new Set(Object.keys(here).map((name) => name.split(" ")[0] as string))],
  } = {},
): Promise<Map<string, string>> {
  const folder = join(scratch, "source");
  mkdirSync(join(folder, "bin"), { recursive: true });
  for (const name of Object.keys(source ?? {})) writeFileSync(join(folder, "bin", name), "");
  const answer =
    (outcomes: Readonly<Record<string, Ended>>) =>
    ({ words }: InsideCommand) =>
      Promise.resolve(outcomes[words.join(" ").replace(/^.*\/bin\//, "")] ?? outcomes[(words[0] ?? "").replace(/^.*\//, "")] ?? ended(1));
  const trials = await tryCommands(
    {
      subject: {
        tree,
        manifest: { kind, bins },
        source: source === null ? null : { folder, arcpath: "app" },
      },
      start: answer(here),
      activated: {},
      reached: "/env",
      sandbox: { jobPlace: "/job" },
      reason: { place: "/env", hiddenRoots: ["/home/me"] },
      seconds: 30,
      atSource: source === null ? null : { start: answer(source), folder, bins: [join(folder, "bin")], env: {} },
    } as unknown as TrialContext,
    2,
  );
  return new Map(
    trials.map(({ name, outcome, detail, reason }) => [name, `${outcome}: ${detail}${reason === null ? "" : ` (${reason})`}`]),
  );
}

test("a command counts that takes --version, or else --help, or that starts and takes neither; one that does not start is none", async () => {
  const found = await tryAll(
    {
      plain: ended(0),
      "helps --version": ended(1, { stderr: "unknown option" }),
      "helps --help": ended(0),
      neither: ended(2, { stderr: "usage: neither FILE" }),
      silent: ended(2),
      gone: ended(127, { stderr: "sh: 1: thing: not found" }),
      lacks: ended(1, { stderr: "Error: Cannot find module 'part'" }),
    },
    null,
  );
  expect(Object.fromEntries(found)).toEqual({
    plain: "ok: --version",
    helps: "ok: --help",
    neither: "ok: starts; takes neither --version nor --help (status 2)",
    silent: "failed: ended with status 2",
    gone: "failed: ended with status 127 (starts thing, which is not on PATH there)",
    lacks: "failed: ended with status 1 (the package part is not in the environment)",
  });
});

test("what can be started in bin/ is, though no package declares it; of a conda prefix only what is the runtime's", async () => {
  const tree = join(scratch, "started");
  mkdirSync(join(tree, "bin/folder"), { recursive: true });
  for (const name of ["node", "script", "declared"]) writeFileSync(join(tree, "bin", name), "", { mode: 0o755 });
  writeFileSync(join(tree, "bin/activate"), "", { mode: 0o644 });
  for (const [name, target] of [
    ["linked", "script"],
    ["gone", "nothing"],
    ["round", "round"],
  ] as const)
    symlinkSync(target, join(tree, "bin", name));
  const ends = { declared: ended(0) };
  const source = { node: ended(0), script: ended(1) };
  expect(Object.fromEntries(await tryAll(ends, source, { tree, kind: "prefix" }))).toEqual({
    declared: "ok: --version",
    linked: expect.stringMatching(/^failed/),
    node: expect.stringMatching(/^failed/),
    script: expect.stringMatching(/^as before/),
  });
  const noShell = ended(1, { stderr: "bwrap: execvp /env/bin/script: No such file or directory" });
  const inNoShell = { declared: noShell, script: noShell, node: ended(0), linked: ended(0) };
  const withoutShell = await tryAll(inNoShell, null, { tree, kind: "prefix", bins: ["declared"] });
  expect(withoutShell.get("declared")).toMatch(/^failed: .*is not in that system/);
  expect(withoutShell.get("script")).toMatch(/^skipped: .*is not in that system/);
  expect([...(await tryAll(ends, null, { tree, kind: "conda" })).keys()]).toEqual(["declared", "node"]);
});

test("a command that fails at the source too is as before, and one that works there is a failure whatever it prints", async () => {
  const found = await tryAll(
    { old: ended(3, { stderr: "usage" }), moved: ended(3, { stderr: "usage" }) },
    { old: ended(4, { stderr: "usage" }), moved: ended(0) },
  );
  expect(found.get("old")).toBe("as before: ended with status 3; at the source it ended with status 4");
  expect(found.get("moved")).toMatch(/^failed: ended with status 3/);
});

test("what is missing here is a failure though the source fails too, unless the same is missing there", async () => {
  const asks = (path: string): Ended => ended(1, { stderr: `Error: ENOENT: no such file or directory, open '${path}'` });
  const folder = join(scratch, "source");
  const found = await tryAll(
    {
      hides: ended(1, { stderr: "Error: Cannot find module 'part'" }),
      lacks: ended(1, { stderr: "Error: Cannot find module 'part'" }),
      file: asks("/env/app/data/a.json"),
      other: asks("/env/app/data/a.json"),
      home: asks("/home/me/.config"),
      library: ended(127, { stderr: "tool: libodd.so.1: cannot open shared object file: No such file or directory" }),
      denied: ended(1, { stderr: "EACCES: permission denied, open '/env/app/x'" }),
    },
    {
      hides: ended(1, { stderr: "no configuration" }),
      lacks: ended(1, { stderr: "Error: Cannot find module 'part'" }),
      file: asks(join(folder, "data/a.json")),
      other: asks(join(folder, "data/b.json")),
      home: ended(2, { stderr: "wrong configuration in /home/me/.config" }),
      library: ended(1, { stderr: "no configuration" }),
      denied: ended(1, { stderr: "no configuration" }),
    },
  );
  expect([...found].map(([name, text]) => [name, text.slice(0, text.indexOf(":"))])).toEqual([
    ["hides", "failed"],
    ["lacks", "as before"],
    ["file", "as before"],
    ["other", "failed"],
    ["home", "failed"],
    ["library", "failed"],
    ["denied", "as before"],
  ]);
});

test("of a trace what was opened outside is listed, and what was looked for of this machine and is not there", () => {
  const trace = join(scratch, "trace");
  writeFileSync(
    trace,
    [
      '7 openat(AT_FDCWD, "/usr/lib/of-the-sandbox.so", O_RDONLY) = 3',
      '7 execve("/env/bin/node", ["node"], 0x7f /* 3 vars */) = 0',
      '7 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3',
      '7 openat(AT_FDCWD, "/env/app/index.js", O_RDONLY) = 3',
      '7 openat(AT_FDCWD, "/usr/share/caf\\303\\251", O_RDONLY) = 4',
      '7 openat(AT_FDCWD, "/usr/share/zoneinfo/Europe/Rome", O_RDONLY) = 4',
      '7 openat(AT_FDCWD, "/home/me/shop/config", O_RDONLY) = -1 ENOENT (No such file or directory)',
      '7 openat(AT_FDCWD, "/home/mean/config", O_RDONLY) = -1 ENOENT (No such file or directory)',
      '7 openat(AT_FDCWD, "/home/me/shop/locked", O_RDONLY) = -1 EACCES (Permission denied)',
      '7 openat(AT_FDCWD, "relative", O_RDONLY) = 5',
    ].join("\n"),
  );
  const opened = new OpenedFiles(["/env"], ["/home/me"]);
  expect(opened.finish().by).toBe("maps");
  opened.noteTrace(trace, "/env/bin/node");
  expect(opened.finish()).toEqual({
    by: "strace",
    files: ["/env/bin/node", "/etc/ld.so.cache", "/usr/share/café", "/usr/share/zoneinfo"].filter((file) => !file.startsWith("/env/")),
    missed: ["/home/me/shop/config"],
  });
});

test("without a sandbox what a command left running is ended with it, in a session of its own too", async () => {
  const file = join(scratch, "pid");
  const view = { conditions: { home: null, homeExists: false }, work: scratch } as unknown as View;
  const script = `const child = require("node:child_process").spawn("sleep", ["61.3"], { detached: true, stdio: "ignore" }); child.unref(); require("node:fs").writeFileSync(${JSON.stringify(file)}, String(child.pid));`;
  const line = wrapPlainly(view, { words: [process.execPath, "-e", script], cwd: scratch, env: { PATH: "/usr/bin:/bin" } }, undefined);
  expect((await startLimited(line, { seconds: 30 })).status).toBe(0);
  const pid = readFileSync(file, "utf8");
  // One that was ended may still have to be collected by its parent.
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) (.).*$/s, "$1") : "gone";
  expect(["gone", "Z", "X"]).toContain(state);
});

test("56: a page of a megabyte of tags without an end is looked through in time", () => {
  const server = join(scratch, "endless.cjs");
  writeFileSync(
    server,
    `const page = "<script src=first.js></script>" + "<img ".repeat(200_000);
     require("node:http").createServer((request, response) => {
       response.setHeader("content-type", "text/html").end(request.url === "/" ? page : "");
     }).listen(18475);`,
  );
  const places = JSON.stringify([{ port: 18475, path: "/" }]);
  const words = ["-e", STAYS_UP, "--", "--prove", "50", places, "shared", process.execPath, server];
  const { output } = spawnSync(process.execPath, words, {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    timeout: 60_000,
  });
  expect(JSON.parse(output[3] ?? "null")).toMatchObject({
    answered: true,
    answers: [200],
    parts: [{ port: 18475, path: "/first.js", status: 200 }],
  });
});
