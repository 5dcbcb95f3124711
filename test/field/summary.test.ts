import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../cli/in-process.js";
import { scratchFolder } from "../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../bin/envpack.js");
let scratch: string;
const home = process.cwd();

function write(path: string, content: unknown): void {
  mkdirSync(join(scratch, path, ".."), { recursive: true });
  writeFileSync(join(scratch, path), typeof content === "string" ? content : JSON.stringify(content));
}

/** A workspace as npm installs one: a member with a dependency, linked from the root's node_modules. */
beforeAll(() => {
  scratch = scratchFolder("summary");
  const lock = {
    name: "shop",
    lockfileVersion: 3,
    packages: {
      "": { name: "shop", workspaces: ["packages/*"] },
      "node_modules/words": { version: "1.0.0" },
      "node_modules/api": { resolved: "packages/api", link: true },
      "packages/api": { name: "api", version: "1.0.0", dependencies: { words: "1.0.0" } },
    },
  };
  write("shop/package.json", { name: "shop", private: true, workspaces: ["packages/*"] });
  write("shop/package-lock.json", lock);
  write("shop/node_modules/.package-lock.json", lock);
  write("shop/node_modules/words/package.json", { name: "words", version: "1.0.0" });
  write("shop/node_modules/words/index.js", "module.exports = 1;\n");
  write("shop/packages/api/package.json", { name: "api", version: "1.0.0", dependencies: { words: "1.0.0" } });
  write("shop/packages/api/server.js", "console.log(require('words'));\n");
  symlinkSync("../packages/api", join(scratch, "shop/node_modules/api"));
  process.chdir(scratch);
});
afterAll(() => {
  process.chdir(home);
});

describe("N7: what pack says is short, and counts as the others do", () => {
  test("`next:` names the archive as it is typed here, in one line of a terminal", async () => {
    const { stderr } = await runMain("pack", "shop", "--node", "none", "-o", "shop.tar.gz");
    const next = stderr.split("\n").find((line) => line.startsWith("next:"));
    expect(next).toBe("next: envpack unpack shop.tar.gz DIR, or a plain tar -xf");
  });

  test("pack, dry-run, unpack, verify and info count the same entries", async () => {
    const count = (text: string): string | undefined => /([\d,]+) entries/.exec(text)?.[1];
    const packed = count((await runMain("pack", "shop", "--node", "none", "-f", "-o", "shop.tar.gz")).stderr);
    expect(packed).toMatch(/^\d+$/);
    const others = [
      (await runMain("unpack", "shop.tar.gz", "env")).stderr,
      (await runMain("verify", "shop.tar.gz")).stdout,
      (await runMain("verify", "env")).stdout,
      (await runMain("info", "shop.tar.gz")).stdout,
      (await runMain("info", "env")).stdout,
    ].map(count);
    expect(others).toEqual(others.map(() => packed));
    expect((await runMain("list", "shop.tar.gz")).stdout.trim().split("\n").length).toBe(Number(packed));
  });
});

describe("N15: a workspace's member is told where it lies, and where patterns begin", () => {
  test("pack and info name the member's folder, and its program starts there", async () => {
    const { stderr } = await runMain("pack", "shop/packages/api", "--node", "none", "-o", "api.tar");
    expect(stderr).toContain("the member in app/packages/api/: DIR/bin/node DIR/app/packages/api/…");
    expect((await runMain("info", "api.tar")).stdout).toMatch(/^project +in app\/packages\/api\/$/m);
    await runMain("unpack", "api.tar", "elsewhere/deep/api");
    const { stdout } = spawnSync(process.execPath, ["elsewhere/deep/api/app/packages/api/server.js"], { encoding: "utf8" });
    expect(stdout).toBe("1\n");
  });

  test("a pattern of a member is told where it begins; without patterns nothing is said", async () => {
    const dry = ["pack", "shop/packages/api", "--node", "none", "--dry-run"];
    const { stdout } = await runMain(...dry, "--exclude", "/packages/api/server.js");
    expect(stdout).toMatch(/note: patterns with a \/ begin at the workspace's root, so the member's files are packages\/api\/…: .*shop/);
    expect(stdout).toContain("matched by --exclude: app/packages/api/server.js");
    expect((await runMain(...dry)).stdout).not.toContain("patterns with a /");
  });

  test("a whole workspace has no such line", async () => {
    expect((await runMain("pack", "shop", "--node", "none", "-f", "-o", "shop.tar.gz")).stderr).not.toContain("the member in");
  });
});

const asOther = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0;

/** Runs the tool as a user who may not read everything. */
function packAsOther(folder: string): string {
  const other = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath, ENVPACK];
  return spawnSync("setpriv", [...other, "pack", folder, "--node", "none", "-o", join(scratch, "out/x.tar"), "-f"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, XDG_CACHE_HOME: join(scratch, "out") },
  }).stderr;
}

describe("N13: what may not be read is SOURCE_UNREADABLE, wherever it lies, and the hint cures", () => {
  test.for([
    "",
    "package.json",
    "package-lock.json",
    "node_modules",
    "node_modules/words",
    "node_modules/words/package.json",
    "node_modules/words/index.js",
    "packages",
  ])("chmod 000 shop/%s", (path, { skip }) => {
    if (!asOther) skip("only root can become another user, by util-linux's setpriv");
    chmodSync(scratch, 0o755);
    mkdirSync(join(scratch, "out"), { recursive: true });
    chownSync(join(scratch, "out"), 65534, 65534);
    const target = join(scratch, "shop", path);
    const { mode } = statSync(target);
    chmodSync(target, 0o000);
    try {
      expect(packAsOther(join(scratch, "shop"))).toMatch(/^envpack: error\[SOURCE_UNREADABLE\] [^\n]+\nhint: [^\n]*readable[^\n]*\n$/);
      expect(readdirSync(join(scratch, "out")).filter((name) => name.includes("x.tar"))).toEqual([]);
    } finally {
      chmodSync(target, mode & 0o777);
    }
    expect(packAsOther(join(scratch, "shop"))).toContain("packed shop");
    expect(existsSync(join(scratch, "out/x.tar"))).toBe(true);
    rmSync(join(scratch, "out/x.tar"));
  });
});
