import { posix } from "node:path";
import { append } from "../../support/append.js";

/** A folder of a record that names each folder that it installed. */
export interface RecordedPlace {
  /** Names that it imports, as far as they are declared. */
  readonly names: () => readonly string[];
  /** Of a link: the folder that it leads to, relative to the root. */
  readonly target?: string;
}

/**
 * The recorded folders that Node would reach from a folder, each resolved from where it stands, whether they are
 * there or not.
 *
 * @param places by the folder relative to the root; the one that is begun with is among them or stands for itself
 */
export function closureByPath(
  places: ReadonlyMap<string, RecordedPlace>,
  start: string,
  startNames: readonly string[],
): ReadonlySet<string> {
  const reached = new Set<string>();
  const follow = (folder: string, names: readonly string[]): string[] => names.flatMap((name) => resolvePlace(places, folder, name) ?? []);
  const pending = follow(start, startNames);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const place = places.get(path);
    if (place === undefined || reached.has(path)) continue;
    reached.add(path);
    append(pending, place.target === undefined ? follow(path, place.names()) : [place.target]);
  }
  return reached;
}

/** Where Node would find a name from a folder, of what is recorded; null: nowhere. */
function resolvePlace(places: ReadonlyMap<string, unknown>, from: string, name: string): string | null {
  for (let folder = from; ; folder = posix.dirname(folder) === "." ? "" : posix.dirname(folder)) {
    const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (posix.basename(folder) !== "node_modules" && places.has(candidate)) return candidate;
    if (folder === "") return null;
  }
}
