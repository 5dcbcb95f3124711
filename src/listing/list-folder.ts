import { lstatSync, readdirSync, type Stats } from "node:fs";
import { ListedFolder, Rows } from "./listed-folder.js";

/** Told of what cannot be asked about. */
export type OnFault = (error: unknown, file: string) => void;

/**
 * Lists a folder into rows. Synchronously: on a warm disk that takes a third of the time of the
 * asynchronous forms. A name whose bytes are no UTF-8 was read with U+FFFD in their place, by which the
 * system does not find it: it gets a row of zeros.
 *
 * @param folder absolute
 * @param onFault whatever it returns for is left out
 * @returns names, sorted, with a row each
 * @throws what the system says where the folder cannot be listed
 */
export function listInto(rows: Rows, folder: string, onFault: OnFault): string[] {
  return readdirSync(folder)
    .sort()
    .filter((name) => {
      if (name.includes("\ufffd")) {
        rows.add(null);
        return true;
      }
      const stats = ask(`${folder}/${name}`, onFault);
      if (stats !== null) rows.add(stats);
      return stats !== null;
    });
}

/** As `listInto`, a folder by itself. */
export function listFolder(folder: string, onFault: OnFault): ListedFolder {
  const rows = new Rows();
  const names = listInto(rows, folder, onFault);
  return new ListedFolder(names.join("/"), rows.finish(), 0);
}

function ask(file: string, onFault: OnFault): Stats | null {
  try {
    return lstatSync(file);
  } catch (error) {
    onFault(error, file);
    return null;
  }
}
