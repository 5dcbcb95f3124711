import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import "../setup.js";
import { has, makeScratch } from "../real/commands.js";
import { sandboxMissing } from "../real/environments/sandbox.js";
import { flip, packShop, SHELLS, start, writeShop } from "./self-extracting.js";

const scratch = makeScratch();
const file = join(scratch, "shop.sh");
const NODE = existsSync("/usr/bin/node") ? "/usr/bin" : join(process.execPath, "..");
const PATH = `${NODE}:/usr/bin:/bin`;
/** What a caller's environment may hold that would mislead sh, tar or gzip. */
const HOSTILE = {
  PATH,
  CDPATH: "/:/usr",
  IFS: "env/.",
  TAR_OPTIONS: "--no-such-option",
  GZIP: "-S .x",
  POSIXLY_CORRECT: "1",
  HOME: "/nonexistent",
  TMPDIR: scratch,
};

beforeAll(async () => {
  writeShop(join(scratch, "project"));
  await packShop(join(scratch, "project"), file);
}, 300_000);

/** In the C locale yash knows no folder whose name is not ASCII. */
const LOCALE = { LC_ALL: "C.UTF-8" };

/** What tells that a restore is whole, and names its own folder. */
function expectShop(target: string): void {
  expect(readFileSync(join(target, 'app/it\'s a "name" $HOME/-dash/ünï.txt'), "utf8")).toBe("hello\n");
  expect(JSON.parse(readFileSync(join(target, "app/node_modules/words/place.json"), "utf8"))).toEqual({ place: `${target}/app/app` });
  expect(readdirSync(join(target, "..")).filter((name) => name.startsWith(".envpack"))).toEqual([]);
}

/** The file, with a pause between the start of what is waited for and all that the script says after it. */
function withPause(content: Buffer): Buffer {
  const pause = "  sleep 1\n";
  const text = content
    .toString("latin1")
    .replace(/\nstart=(\d+)/, (_, at: string) => `\nstart=${Number(at) + pause.length}`)
    .replace("\nawait() {\n", (found) => found + pause);
  expect(text.length).toBe(content.length + pause.length);
  return Buffer.from(text, "latin1");
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

describe.each(SHELLS)("in %s a self-extracting file", (shell) => {
  const missing = !has(shell.split(" ")[0] ?? "");
  const folder = join(scratch, shell.replace(" ", "-"));

  test("restores into folders with spaces and quotes, through a link, whatever the caller's variables say", (context) => {
    if (missing) context.skip(`${shell} is not installed`);
    const here = join(folder, "a 'b' \"c\" ü");
    mkdirSync(here, { recursive: true });
    symlinkSync(file, join(here, "-link.sh"));
    const made = start(shell, ["./-link.sh", "./-new/d e/env"], {
      cwd: here,
      env: {
        ...HOSTILE,
        ...(shell === "yash" ? LOCALE : {}),
        ...(shell.startsWith("bash") ? { SHELLOPTS: "nounset:noclobber:noglob" } : {}),
      },
    });
    expect(made).toMatchObject({ status: 0, stdout: "", stderr: expect.stringMatching(/^restored .*\nnext: .*\n$/) });
    expectShop(join(here, "-new/d e/env"));
    expect(start(shell, ["./-link.sh", "./-new/d e/env"], { cwd: here, env: LOCALE })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^envpack: error\[TARGET_EXISTS\] .*\nhint: .*\n$/),
    });
  });

  test("runs a command from its cache, once restored, with the arguments as they were given", (context) => {
    if (missing) context.skip(`${shell} is not installed`);
    const cache = join(folder, "cache");
    mkdirSync(cache, { recursive: true });
    for (const args of [["a  b", "", "*"], ["'c'"]]) {
      const ran = start(shell, [file, "--", "say", ...args], { cache, env: { PATH } });
      expect(ran).toMatchObject({ status: 0, stderr: "", stdout: `${JSON.stringify(args)}\n` });
    }
    expect(readdirSync(join(cache, "envpack/sh"))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(statSync(join(cache, "envpack/sh")).mode & 0o777).toBe(0o700);
  });

  test("is listed and checked, refuses where it was damaged or piped in, and leaves nothing", (context) => {
    if (missing) context.skip(`${shell} is not installed`);
    mkdirSync(folder, { recursive: true });
    expect(start(shell, [file, "--check"])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^ok: acme-shop-1\.4\.0, \d+ bytes\n$/),
      stderr: "",
    });
    expect(start(shell, [file, "--list"]).stdout).toContain(".envpack/index.jsonl\n");
    const whole = readFileSync(file);
    const bad = join(folder, "bad.sh");
    for (const content of [flip(whole, whole.length - 3000), whole.subarray(0, -1), Buffer.concat([whole, Buffer.from("\n")])]) {
      writeFileSync(bad, content);
      expect(start(shell, [bad, "out"], { cwd: folder })).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringMatching(/^envpack: error\[ARCHIVE_CORRUPT\] .*\nhint: .*\n$/),
      });
    }
    const piped = start("sh", ["-c", `cat "$0" | ${shell}`, file], { cwd: folder });
    expect(piped).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^envpack: error\[USAGE\] a script that is piped .*\nhint: .*\n$/),
    });
    expect(start(shell, [file, "--nonsense"])).toMatchObject({ status: 2, stderr: expect.stringContaining("unknown option: --nonsense") });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });

  test.for(["while it waits", "before it could note what it has just started"])(
    "told to end %s, ends what runs at once, removes what it was making, and ends by that signal",
    (moment, context) => {
      if (missing) context.skip(`${shell} is not installed`);
      const told = join(folder, `told ${moment.split(" ")[0]}`);
      mkdirSync(told, { recursive: true });
      // A tar that never comes to its end: the signal is sent by what is started in its place.
      const tar = '#!/bin/sh\necho $$ >"$TAR_PROCESS"\nkill -TERM "$SHELL_TO_END"\nexec sleep 60\n';
      writeFileSync(join(told, "tar"), tar, { mode: 0o755 });
      const script = join(told, "shop.sh");
      writeFileSync(script, moment === "while it waits" ? readFileSync(file) : withPause(readFileSync(file)));
      const line = `SHELL_TO_END=$$; export SHELL_TO_END; exec ${shell} "$0" made/deep/env`;
      const env = { PATH: `${told}:${PATH}`, TAR_PROCESS: join(told, "process") };
      // Nothing is piped: what was not ended would be waited for.
      const began = Date.now();
      const ended = start("sh", ["-c", line, script], { cwd: told, env, stdio: "ignore" });
      expect(ended.signal ?? ended.status).toSatisfy((how) => how === "SIGTERM" || how === 143);
      expect(Date.now() - began).toBeLessThan(45_000);
      expect(isRunning(Number(readFileSync(join(told, "process"), "utf8")))).toBe(false);
      expect(existsSync(join(told, "made"))).toBe(false);
    },
  );
});

describe("with the applets of busybox alone", () => {
  test("a self-extracting file restores, and says that nothing was rewritten where there is no Node.js", (context) => {
    const why = has("busybox") ? sandboxMissing() : "busybox is not installed";
    if (why !== null) context.skip(why);
    const applets = join(scratch, "applets");
    const work = join(scratch, "work");
    for (const made of [applets, work]) mkdirSync(made);
    const binary = start("sh", ["-c", "command -v busybox"]).stdout.trim();
    writeFileSync(join(applets, "busybox"), readFileSync(binary), { mode: 0o755 });
    for (const applet of [
      "sh",
      "tar",
      "gzip",
      "tail",
      "sha256sum",
      "mkdir",
      "rm",
      "rmdir",
      "mv",
      "ls",
      "chmod",
      "uname",
      "id",
      "sleep",
      "find",
      "cat",
      "readlink",
    ])
      symlinkSync("busybox", join(applets, applet));
    const libraries = ["/lib", "/lib64", "/usr/lib"]
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => ["--ro-bind", folder, folder]);
    const box = [
      "--unshare-all",
      "--die-with-parent",
      "--clearenv",
      "--setenv",
      "PATH",
      "/bin",
      "--ro-bind",
      applets,
      "/bin",
      ...libraries,
      "--bind",
      work,
      "/work",
      "--ro-bind",
      file,
      "/shop.sh",
      "--dev",
      "/dev",
      "--proc",
      "/proc",
      "--chdir",
      "/work",
    ];
    const made = start("bwrap", [...box, "sh", "/shop.sh", "env"]);
    expect(made.stderr).toContain("Node.js does not start here");
    expect(made).toMatchObject({ status: 0, stdout: "" });
    expect(readFileSync(join(work, 'env/app/it\'s a "name" $HOME/-dash/ünï.txt'), "utf8")).toBe("hello\n");
    expect(statSync(join(work, "env/bin/envpack")).mode & 0o111).toBe(0o111);
  });
});

test("it is found by PATH, and started as a program", () => {
  const bin = join(scratch, "programs");
  mkdirSync(bin);
  writeFileSync(join(bin, "shop.sh"), readFileSync(file));
  chmodSync(join(bin, "shop.sh"), statSync(file).mode & 0o777);
  expect(statSync(file).mode & 0o777).toBe(0o777 & ~process.umask());
  expect(start("shop.sh", ["--check"], { env: { PATH: `${bin}:${PATH}` } })).toMatchObject({ status: 0 });
  rmSync(bin, { recursive: true });
});
