import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { envpack, execute, makeScratch, NOBODY, nobodyMissing, shell } from "./commands.js";
import { buildSample } from "./sample.js";
import { noise } from "../faults/project.js";
import { smallNode } from "../small-node.js";

const scratch = makeScratch();
const project = join(scratch, "pantry");
const SMALL = smallNode();

beforeAll(() => {
  mkdirSync(project);
  buildSample(project);
  // Frames for several workers.
  writeFileSync(join(project, "assets/large"), noise(16 << 20));
});

function sameBytes(a: string, b: string): void {
  expect(execute("cmp", [a, b])).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
}

describe.each(["tar.zst", "tar.gz", "tar"])("the same environment gives the same .%s", (format) => {
  const file = (name: string): string => join(scratch, `${name}.${format}`);

  test("36: under another umask and with another number of workers", () => {
    expect(shell(`umask 077; envpack pack "${project}" -q -j 1 --node "${SMALL}" -o "${file("one")}"`).status).toBe(0);
    expect(shell(`umask 000; envpack pack "${project}" -q -j 4 --node "${SMALL}" -o "${file("four")}"`).status).toBe(0);
    sameBytes(file("one"), file("four"));
  });

  test("from a copy made in another order, with other times and other permissions", () => {
    const copy = join(scratch, "elsewhere", format, "pantry");
    mkdirSync(join(copy, ".."), { recursive: true });
    // Names arrive in reverse, so that a folder that is not sorted reads differently; hard links and links stay.
    const reversed = `cd "${project}" && find . -mindepth 1 | sort -r > ../names && tar -cf - --no-recursion -T ../names`;
    expect(
      shell(
        `set -e; mkdir "${copy}"; (${reversed}) | tar -xf - -C "${copy}" 2>/dev/null; find "${copy}" -exec touch -h -d 2001-01-01 {} +; chmod -R g+w,o-r "${copy}"`,
      ).status,
    ).toBe(0);
    expect(readdirSync(copy).sort()).toEqual(readdirSync(project).sort());
    expect(envpack(["pack", copy, "-q", "--node", SMALL, "-o", file("copy")]).status).toBe(0);
    sameBytes(file("one"), file("copy"));
  });

  test("by another user in another place of the clock", ({ skip }) => {
    const missing = nobodyMissing();
    if (missing !== null) skip(missing);
    const copy = join(scratch, "nobody", format);
    const prepare = `mkdir -p "${copy}" && cp -r --preserve=links "${project}" "${copy}/pantry" && chown -R 65534:65534 "${copy}" && chmod 755 "${scratch}"`;
    expect(shell(prepare).status).toBe(0);
    const env = { ...process.env, HOME: copy, TZ: "Pacific/Kiritimati", LC_ALL: "C" };
    const outcome = envpack(["pack", join(copy, "pantry"), "-q", "--node", SMALL, "-o", join(copy, "out"), "--format", format], {
      ...NOBODY,
      env,
      cwd: copy,
    });
    expect(outcome).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
    sameBytes(file("one"), join(copy, "out"));
  });
});

test("the archive is as readable as the umask says, never 0600 by itself", () => {
  const output = join(scratch, "mode.tar.gz");
  expect(shell(`umask 022; envpack pack "${project}" -q --node none -o "${output}"`).status).toBe(0);
  expect(execute("stat", ["-c", "%a", output]).stdout).toBe("644\n");
});

test("nothing of the packer travels: no home, no user, no path", () => {
  const output = join(scratch, "nothing.tar");
  expect(envpack(["pack", project, "-q", "-o", output]).status).toBe(0);
  expect(readFileSync(output).includes(scratch)).toBe(false);
});
