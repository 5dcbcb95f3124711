import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { assertRunsHere, readHost } from "../../src/manifest/host.js";
import { compareVersions } from "../../src/support/compare-versions.js";
import type { Manifest, Platform } from "../../src/manifest/manifest.js";
import { MANIFEST } from "./sample.js";

const HERE: Platform = { os: "linux", arch: "x64", libc: "glibc", glibc: "2.36" };

function check(needs: Partial<Platform>, host: Partial<Platform>): string {
  const manifest: Manifest = { ...MANIFEST, platform: { ...HERE, ...needs } };
  try {
    assertRunsHere(manifest, { ...HERE, ...host });
  } catch (error) {
    expect(error).toMatchObject({ code: "PLATFORM_MISMATCH" });
    return (error as Error).message;
  }
  return "runs";
}

describe("the host", () => {
  it("is read with the C library that this machine's own tools report", async ({ skip }) => {
    if (process.platform !== "linux") skip("only Linux has a choice of C libraries");
    const host = await readHost();
    expect(host).toMatchObject({ os: process.platform, arch: process.arch });
    const reported = execFileSync("ldd", ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";
    if (host.libc === "glibc") expect(reported.endsWith(` ${host.glibc}`)).toBe(true);
    else expect(host).toMatchObject({ libc: "musl", glibc: null });
  });

  it("runs what needs its glibc or an older one", () => {
    expect(check({ glibc: "2.36" }, {})).toBe("runs");
    expect(check({ glibc: "2.4" }, {})).toBe("runs");
    expect(check({ glibc: null }, {})).toBe("runs");
    expect(check({ libc: null, glibc: null }, { libc: "musl", glibc: null })).toBe("runs");
    expect(check({ glibc: "2.99" }, { libc: null, glibc: null })).toBe("runs");
  });

  it("is refused in one sentence that says what is needed and what is there", () => {
    expect(check({ glibc: "2.28" }, { glibc: "2.17" })).toBe(
      "this environment needs linux x64 with glibc 2.28 or newer; this machine has glibc 2.17",
    );
    expect(check({ glibc: "2.28" }, { libc: "musl", glibc: null })).toBe(
      "this environment needs linux x64 with glibc 2.28 or newer; this machine has musl",
    );
    expect(check({ arch: "arm64", libc: "musl", glibc: null }, {})).toBe(
      "this environment needs linux arm64 with musl; this machine is linux x64 with glibc 2.36",
    );
    expect(check({}, { os: "darwin", arch: "arm64", libc: null, glibc: null })).toBe(
      "this environment needs linux x64 with glibc 2.36 or newer; this machine is darwin arm64",
    );
  });

  it("compares versions by number, not by letter", () => {
    expect(compareVersions("2.4", "2.28")).toBeLessThan(0);
    expect(compareVersions("2.28", "2.28")).toBe(0);
    expect(compareVersions("2.28.1", "2.28")).toBeGreaterThan(0);
    expect(compareVersions("10", "9")).toBeGreaterThan(0);
  });
});
