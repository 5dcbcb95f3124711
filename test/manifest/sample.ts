import type { Manifest } from "../../src/manifest/manifest.js";

/** A manifest with something in every field. */
export const MANIFEST: Manifest = {
  formatVersion: 1,
  createdBy: "envpack 0.1.0",
  name: "web",
  version: "1.2.3",
  kind: "project",
  platform: { os: "linux", arch: "x64", libc: "glibc", glibc: "2.28" },
  runtime: { name: "node", version: "20.20.2", abi: "115", napi: "9", hook: "import" },
  manager: { name: "npm", version: "11.0.0" },
  resolveFrom: ["app"],
  packages: [{ name: "@a/b", version: "1.0.0", path: "app/node_modules/@a/b" }],
  bins: ["b"],
  totals: { entries: 10, bytes: 1000 },
  relocation: { relative: 1, broughtIn: 0, dropped: 2 },
  omitted: ["dev"],
  includedSecrets: ["app/.env"],
  slim: { grade: "safe", files: 7, bytes: 700, trace: { entries: ["server.js"], records: 1, proved: true } },
};
