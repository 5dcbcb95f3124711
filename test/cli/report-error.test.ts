import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { describeError } from "../../src/cli/report-error.js";
import { EnvpackError } from "../../src/support/errors.js";

describe("describeError", () => {
  test("a refusal has its code, its path and status 1", () => {
    const error = new EnvpackError("OUTPUT_EXISTS", "the output exists already", { path: "/a/b.tar", hint: "use -f" });
    expect(describeError(error)).toEqual({
      status: 1,
      code: "OUTPUT_EXISTS",
      message: "the output exists already",
      path: "/a/b.tar",
      hint: "use -f",
    });
  });

  test("wrong usage has status 2", () => {
    expect(describeError(new EnvpackError("USAGE", "no")).status).toBe(2);
  });

  test("wrong usage before a command is known names the help of the whole", () => {
    const error = new CommanderError(1, "commander.unknownOption", "error: unknown option '--formt'");
    expect(describeError(error)).toMatchObject({
      status: 2,
      code: "USAGE",
      message: "unknown option '--formt'",
      hint: "see `envpack --help`",
    });
  });

  test("a system error that nobody explained is a failure, not a fault", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
    expect(describeError(error)).toMatchObject({ status: 1, code: "NO_SPACE" });
  });

  test("anything else is a fault of envpack, told in one line with what to do", () => {
    const { status, code, message, hint } = describeError(new TypeError("x is not a function\n    at y"));
    expect([status, code, message]).toEqual([1, "INTERNAL", "TypeError: x is not a function"]);
    expect(hint).toContain("ENVPACK_DEBUG=1");
  });

  test("even a thrown string is told", () => {
    expect(describeError("boom").message).toBe("boom");
  });
});
