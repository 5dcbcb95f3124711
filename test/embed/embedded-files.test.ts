import { describe, expect, it } from "vitest";
import { makeEmbeddedFiles } from "../../src/embed/embedded-files.js";
import { bin, makeEnvironment } from "./furnished.js";

describe("makeEmbeddedFiles", () => {
  it("gives launchers, activate scripts, the hook and the tool, each name once", async () => {
    const environment = makeEnvironment({ bins: [bin("greet", "cli.js")] });
    const runtime = {
      ...environment.runtime!,
      version: "26.10.0",
      tools: new Map([
        ["npm", "/x"],
        ["corepack", "/y"],
      ]),
    };
    const { files: entries } = await makeEmbeddedFiles({ ...environment, runtime });
    const executables = entries.filter(({ executable }) => executable).map(({ path }) => path);
    expect(executables.sort()).toEqual(["bin/corepack", "bin/envpack", "bin/greet", "bin/npm", "bin/npx"]);
    const rest = entries.filter(({ executable }) => !executable).map(({ path }) => path);
    const scripts = ["", ".bat", ".csh", ".fish", ".ps1"].flatMap((ending) => [`bin/activate${ending}`, `bin/deactivate${ending}`]);
    expect(rest.sort()).toEqual([".envpack/envpack.cjs", ".envpack/hook.cjs", ...scripts.sort()]);
  });

  it("names neither the place nor the machine, and leaves no placeholder", async () => {
    const root = "/home/somebody/project";
    const { files: entries } = await makeEmbeddedFiles(makeEnvironment({ root, namedRoot: root, bins: [bin("greet", "cli.js")] }));
    for (const { path, source, size } of entries) {
      if (source.kind !== "bytes") throw new Error(`${path} is not made of bytes`);
      const text = Buffer.from(source.bytes).toString();
      expect(source.bytes.length).toBe(size);
      for (const place of [root, process.cwd(), "@NAME@", "@RESOLVE_FROM@"]) expect(text).not.toContain(place);
    }
  });

  it("keeps what a shell would expand out of the prompt", async () => {
    const { files: entries } = await makeEmbeddedFiles(makeEnvironment({ name: "@acme/x'$(touch pwned)`%n\\u!" }));
    for (const { path, source } of entries) {
      if (!path.includes("/activate")) continue;
      const text = source.kind === "bytes" ? Buffer.from(source.bytes).toString() : "";
      expect(text).toContain("@acme/x-touch-pwned-n-u-");
      expect(text).not.toContain("$(touch");
    }
  });
});
