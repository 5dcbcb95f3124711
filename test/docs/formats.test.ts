import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FORMAT_NAMES, FORMATS, formatOfName, withoutEnding } from "../../src/archive/formats.js";

const read = (path: string): string => readFileSync(join(import.meta.dirname, "../..", path), "utf8");

test.each(FORMATS.map(({ name, endings }) => [name, endings] as const))(
  "%s is in docs/formats.md, its format is written down, and its endings name it",
  (name, endings) => {
    const row = endings.length === 0 ? `\`${name}\`` : `\`.${name}\``;
    expect(read("docs/formats.md")).toContain(row);
    expect(read("docs/format.md")).toMatch(
      ["squashfs", "directory", "oci"].includes(name) ? new RegExp(name) : new RegExp(`\`\\.${name.replace(".", "\\.")}\``),
    );
    for (const ending of endings) {
      expect(formatOfName(`Shop-1.0${ending.toUpperCase()}`)).toBe(name);
      expect(withoutEnding(`shop-1.0${ending}`)).toBe("shop-1.0");
      expect(FORMAT_NAMES.get(ending.slice(1))).toBe(name);
    }
  },
);
