import { hash, randomBytes } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isOwn } from "../../cache/own-folder.js";
import { openCache } from "../../cache/place.js";
import { readShortText } from "../../support/read-text.js";

/** Bytes of a record, repositories in one, and records that are kept. */
const MAX_BYTES = 1 << 16;
const MOST_PLACES = 4;
const MOST_RECORDS = 4096;

/**
 * Repositories of a registry that a blob was pushed to from here, the last first: it can be mounted from there instead
 * of being sent again. Whether it still is there the registry says.
 */
export function knownPlaces(registry: string, digest: string): readonly string[] {
  try {
    const { folder } = openCache("pushes");
    if (folder === null) return [];
    const file = join(folder, nameOf(registry, digest));
    if (!isOwn(lstatSync(file))) return [];
    const places: unknown = JSON.parse(readShortText(file, MAX_BYTES));
    return Array.isArray(places) ? places.filter((one): one is string => typeof one === "string").slice(0, MOST_PLACES) : [];
  } catch {
    return [];
  }
}

/** It is only remembered for next time: what goes wrong here stops nothing. */
export function notePlace(registry: string, digest: string, repository: string): void {
  try {
    const known = knownPlaces(registry, digest);
    const { folder } = openCache("pushes");
    if (folder === null || known[0] === repository) return;
    const writing = join(folder, `.writing-${process.pid}-${randomBytes(4).toString("hex")}`);
    writeFileSync(writing, JSON.stringify([repository, ...known.filter((one) => one !== repository)].slice(0, MOST_PLACES)), {
      flag: "wx",
      mode: 0o600,
    });
    renameSync(writing, join(folder, nameOf(registry, digest)));
    const names = readdirSync(folder);
    if (names.length > MOST_RECORDS)
      for (const name of names.slice(0, names.length - MOST_RECORDS)) rmSync(join(folder, name), { force: true });
  } catch {
    // A full disk, or a cache that was removed meanwhile.
  }
}

function nameOf(registry: string, digest: string): string {
  return hash("sha256", `${registry}\n${digest}`);
}
