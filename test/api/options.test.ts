import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as api from "../../src/index.js";
import { EnvpackError } from "../../src/index.js";
import { scratchFolder } from "../scratch.js";

type AnyVerb = (options?: unknown) => Promise<unknown>;

/** The verbs as a program without types sees them. */
const verbs = new Map<string, AnyVerb>(
  Object.entries(api).filter(([, value]) => typeof value === "function" && value !== (EnvpackError as unknown)) as [string, AnyVerb][],
);

let scratch: string;
const home = process.cwd();
beforeAll(() => {
  scratch = scratchFolder("api");
});
afterAll(() => {
  process.chdir(home);
});

async function refusalOf(name: string, ...options: unknown[]): Promise<EnvpackError> {
  const verb = verbs.get(name) as (...options: unknown[]) => Promise<unknown>;
  const error: unknown = await verb(...options).then(
    () => new Error(`${name} did not refuse`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EnvpackError);
  return error as EnvpackError;
}

const NEEDS = new Map([
  ["unpack", "archive"],
  ["verify", "path"],
  ["list", "path"],
  ["info", "path"],
  ["diff", "sources"],
  ["layer", "base"],
  ["relocate", "folder"],
  ["run", "path"],
  ["deliverYarn", "archive"],
  ["planYarnDelivery", "archive"],
  ["deliverSlurm", "archive"],
  ["deliverRegistry", "sources"],
  ["packForPlatforms", "platforms"],
  ["parcelManifest", "path"],
  ["prove", "path"],
  ["record", "command"],
  ["sbom", "path"],
  ["licenses", "path"],
  ["report", "path"],
]);

describe("N2: every verb refuses what it cannot take, as USAGE, and names the option", () => {
  test("the list of verbs is whole", () => {
    expect([...verbs.keys()].sort()).toEqual([...NEEDS.keys(), "pack", "planPack", "doctor", "listCache", "cleanCache"].sort());
  });

  test.each([...NEEDS])("%s({}) misses `%s`", async (name, option) => {
    const error = await refusalOf(name, {});
    expect([error.code, error.message]).toEqual(["USAGE", `${name}: the option \`${option}\` is missing`]);
    expect(error.hint).toMatch(/^it takes /);
  });

  const everyVerb = [...verbs.keys()].map((name) => [name] as const);

  test.each(everyVerb)("%s refuses a text, a list, null and a number in place of options", async (name) => {
    for (const options of ["./shop", ["./shop"], null, 7])
      expect(await refusalOf(name, options)).toMatchObject({
        code: "USAGE",
        message: expect.stringMatching(/takes one object of options, not /),
      });
  });

  test.each([...NEEDS.keys()].map((name) => [name] as const))("%s() without anything is refused too", async (name) => {
    expect((await refusalOf(name)).code).toBe("USAGE");
  });

  test.each(everyVerb)("%s refuses an option that it does not have", async (name) => {
    const [needed] = [NEEDS.get(name)];
    expect(
      await refusalOf(name, {
        ...(needed === undefined ? {} : { [needed]: needed === "sources" ? ["x", "y"] : "x" }),
        command: ["x"],
        nosuchthing: 1,
      }),
    ).toMatchObject({ code: "USAGE" });
  });

  test.each([
    ["pack", { format: "rar" }, 'the option `format` is "rar"', /^it takes one of "tar\.zst"/],
    ["pack", { path: "" }, 'the option `path` is ""', /a path/],
    ["pack", { path: "a\0b" }, 'the option `path` is "a\\u0000b"', /a path/],
    ["pack", { rules: [{ action: "drop", pattern: "x" }] }, 'the option `rules[0].action` is "drop"', /one of "include", "exclude"/],
    ["pack", { rules: [{ action: "include" }] }, "`rules[0].pattern` is missing", /^`rules\[0\]` takes an object such as/],
    ["pack", { rules: "x" }, 'the option `rules` is "x"', /a list of rules/],
    ["pack", { omit: "dev" }, 'the option `omit` is "dev"', /a list of kinds/],
    ["pack", { signal: {} }, "the option `signal` is an object", /an AbortSignal/],
    ["pack", { onProgress: 3 }, "the option `onProgress` is 3", /a function/],
    ["pack", { output: { write: true } }, "the option `output` is an object", /a path or a writable stream/],
    ["pack", { threads: 0 }, "the option `threads` is 0", /a whole number from 1 to 1024/],
    ["pack", { mtime: -1 }, "the option `mtime` is -1", /a whole number/],
    ["pack", { fomat: "zip" }, "there is no option `fomat`", /^did you mean `format`\?$/],
    ["planPack", { prefix: 1 }, "the option `prefix` is 1", /a path/],
    ["unpack", { archive: 1 }, "the option `archive` is 1", /a path or a readable stream/],
    ["unpack", { archive: "x", only: "y" }, 'the option `only` is "y"', /a list of patterns/],
    ["run", { path: "x" }, "the option `command` is missing", /the name of a command/],
    ["run", { path: "x", command: "node", args: ["a", 1] }, "the option `args[1]` is 1", /a text/],
    ["run", { path: "x", command: "node", env: { A: 1 } }, "the option `env` is an object", /an object of texts/],
    ["diff", { sources: "x" }, 'the option `sources` is "x"', /a list of paths and streams/],
    ["deliverSlurm", { archive: "x" }, "the option `command` is missing", /a command and its arguments/],
  ])("%s(%j)", async (name, options, message, hint) => {
    expect(await refusalOf(name, options)).toMatchObject({
      code: "USAGE",
      message: `${name}: ${message}`,
      hint: expect.stringMatching(hint),
    });
  });

  test("an option that is undefined is as one that is not there", async () => {
    await expect(api.doctor({ path: undefined, target: scratch, threads: undefined })).resolves.toHaveProperty("findings");
  });

  test("nothing was written by any of these", async () => {
    process.chdir(scratch);
    await refusalOf("pack", { format: "rar", path: scratch });
    expect(readdirSync(scratch)).toEqual([]);
    process.chdir(home);
  });
});

describe("N2: an aborted signal ends with INTERRUPTED, whatever its reason", () => {
  const REASONS = [undefined, new Error("enough"), "enough", null, 7];
  const minimal = new Map<string, object>([
    ...[...NEEDS].map(
      ([name, option]) =>
        [name, { [option]: option === "sources" ? ["x", "y"] : option === "platforms" ? ["linux-x64", "linux-arm64"] : "x" }] as const,
    ),
    ["layer", { base: "x", next: "y", output: "z.tar" }],
    ["run", { path: "x", command: "node" }],
    ["deliverYarn", { archive: "x", to: "hdfs:///x" }],
    ["planYarnDelivery", { archive: "x", to: "hdfs:///x" }],
    ["deliverSlurm", { archive: "x", command: ["node"] }],
    ["deliverRegistry", { sources: ["x"], to: ["registry.example/x:1"] }],
    ["packForPlatforms", { platforms: ["linux-x64", "linux-arm64"], output: "x.oci.tar" }],
    ["parcelManifest", { path: "x" }],
    ["deliverRegistry", { sources: ["x"], to: ["127.0.0.1:5000/x"] }],
    ["sbom", { path: "x" }],
    ["prove", { path: "x" }],
    ["record", { command: ["true"], output: "x" }],
    ["licenses", { path: "x" }],
    ["report", { path: "x" }],
  ]);

  test.each([...verbs.keys()].map((name) => [name] as const))("%s", async (name) => {
    for (const reason of REASONS)
      expect(await refusalOf(name, { ...minimal.get(name), signal: AbortSignal.abort(reason) })).toMatchObject({ code: "INTERRUPTED" });
  });

  test("also where it is aborted while the work goes on", async () => {
    const abort = new AbortController();
    const refusal = refusalOf("planPack", {
      path: home,
      signal: abort.signal,
      onProgress: () => {
        abort.abort(new TypeError("a reason of the caller's own"));
      },
    });
    expect((await refusal).code).toBe("INTERRUPTED");
  });
});
