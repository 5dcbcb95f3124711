import { formatOfName } from "../../archive/formats.js";

/** Names of images may stand in one word, with commas between them. One that is empty stays, to be told: a variable may be unset. */
export function formatNames(names: readonly string[]): string[] {
  return names.flatMap((name) => name.split(",")).map((name) => name.trim());
}

/** Whether an output is an image's layout, which may be a folder and be named as one. */
export function isLayoutName(output: unknown): boolean {
  return typeof output === "string" && formatOfName(output.replace(/(?<![/\\])[/\\]+$/, "")) === "oci";
}

/** Whether what is packed for several platforms becomes one image: a registry or a layout is named for it. */
export function isOneImage({
  image,
  output,
}: {
  readonly image?: { readonly to?: readonly string[] };
  readonly output?: unknown;
}): boolean {
  return (image?.to?.length ?? 0) > 0 || isLayoutName(output);
}
