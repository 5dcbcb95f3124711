import { relative, sep } from "node:path";

/** Whether a path is a folder or lies in it; both absolute, links resolved. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Relative to `folder`, parts joined by "/"; "" for itself. */
export function below(path: string, folder: string): string {
  return relative(folder, path).split(sep).join("/");
}
