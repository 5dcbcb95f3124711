import type { Entry } from "../../../src/archive/entry.js";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { PLAIN, type Component } from "../../../src/evidence/sbom/component.js";
import type { Inventory } from "../../../src/evidence/sbom/inventory.js";
import type { SideFacts } from "../../../src/evidence/report/facts.js";
import { gatherOwners } from "../../../src/evidence/report/owners.js";

export const file = (path: string, size: number, sha256 = "0".repeat(64)): Entry => ({
  type: "file",
  path,
  size,
  sha256,
  executable: false,
});

export const manifest: Manifest = {
  formatVersion: 1,
  createdBy: "envpack 0.1.0",
  name: "shop",
  version: "1.0.0",
  kind: "project",
  platform: { os: "linux", arch: "x64", libc: "glibc", glibc: "2.28" },
  runtime: { name: "node", version: "22.1.0", abi: "127", napi: "9", hook: "import" },
  manager: null,
  resolveFrom: ["app"],
  packages: [],
  bins: [],
  totals: { entries: 0, bytes: 0 },
  relocation: { relative: 0, broughtIn: 0, dropped: 0 },
  omitted: [],
  includedSecrets: [],
};

/** A package in app/, by its path below node_modules. */
export function packed(path: string, version: string, dependsOn: readonly string[] = []): Component {
  const name = path.slice(path.lastIndexOf("node_modules/") + 1).replace(/^ode_modules\//, "");
  return {
    ...PLAIN,
    kind: "package",
    ref: `app/node_modules/${path}`,
    name,
    version,
    dependsOn: dependsOn.map((one) => `app/node_modules/${one}`),
  };
}

export function inventoryOf(direct: readonly string[], components: readonly Component[]): Inventory {
  const dependsOn = direct.map((one) => `app/node_modules/${one}`);
  return {
    root: { ...PLAIN, kind: "application", ref: ".", name: "shop", version: "1.0.0", own: true, dependsOn },
    components,
    notices: [],
  };
}

/** What a report tells of made-up entries. */
export function factsOf(entries: readonly Entry[], inventory: Inventory): SideFacts {
  const { list } = gatherOwners(entries, manifest, inventory);
  return {
    ...{ name: "shop", version: "1.0.0", kind: "project", file: "shop.tar.zst", platform: "linux-x64", runtime: "22.1.0", manager: null },
    ...{ createdBy: "envpack 0.1.0", format: "tar.zst", digest: "0".repeat(64), signature: null, archiveBytes: 1000 },
    bytes: list.reduce((sum, { bytes }) => sum + bytes, 0),
    files: entries.length,
    ...{ links: 0, folders: 0, natives: [], licenses: [], fixups: [], omitted: [], includedSecrets: [], beside: [], proof: [], notes: [] },
    relocation: manifest.relocation,
    owners: list,
  };
}

/** A large environment: packages with files each, some of which ask for the next. */
export function largeFacts(packages: number, filesEach: number): SideFacts {
  const entries: Entry[] = [file("bin/node", 90e6)];
  const components: Component[] = [];
  for (let at = 0; at < packages; at++) {
    components.push(packed(`part-${at}`, `1.${at}.0`, at + 1 < packages && at % 7 !== 0 ? [`part-${at + 1}`] : []));
    for (let count = 0; count < filesEach; count++)
      entries.push(
        file(`app/node_modules/part-${at}/lib/file-${count}.${count % 3 === 0 ? "d.ts" : "js"}`, 100 + ((at * 7919 + count * 31) % 20_000)),
      );
  }
  const direct = Array.from({ length: packages }, (_, at) => at).filter((at) => at % 7 === 1 || at === 0);
  return factsOf(
    entries,
    inventoryOf(
      direct.map((at) => `part-${at}`),
      components,
    ),
  );
}
