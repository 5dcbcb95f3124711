import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { describeError } from "../../src/cli/report-error.js";
import { EnvpackError } from "../../src/errors.js";

describe("describeError", () => {
  test("a refusal has its code, its path and status 1", () => {
    const error = new EnvpackError("OUTPUT_EXISTS", "the output exists already", { path: "/a/b.tar", hint: "use -f" });
    expect(describeError(error)).toEqual({
      status: 1,
      label: "error[OUTPUT_EXISTS]",
      message: "the output exists already: /a/b.tar",
      hint: "use -f",
    });
  });

  test("a path that the message names already is not repeated", () => {
    expect(describeError(new EnvpackError("IO", "cannot read /a/b", { path: "/a/b" })).message).toBe("cannot read /a/b");
  });

  test("wrong usage has status 2", () => {
    expect(describeError(new EnvpackError("USAGE", "no")).status).toBe(2);
  });

  test("commander's guess becomes the hint", () => {
    const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--formt'\n(Did you mean --format?)");
    const { status, message, hint } = describeError(error);
    expect([status, message]).toEqual([2, "unknown option '--formt'"]);
    expect(hint).toMatch(/^did you mean --format\? .*--help/);
  });

  test("a system error that nobody explained is a failure, not a fault", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    expect(describeError(error)).toMatchObject({ status: 1, label: "error[NO_SPACE]" });
  });

  test("anything else is a fault of envpack, told in one line with what to do", () => {
    const { status, label, message, hint } = describeError(new TypeError("x is not a function\n    at y"));
    expect([status, label, message]).toEqual([1, "internal error:", "TypeError: x is not a function"]);
    expect(hint).toContain("ENVPACK_DEBUG=1");
  });

  test("even a thrown string is told", () => {
    expect(describeError("boom").message).toBe("boom");
  });
});
