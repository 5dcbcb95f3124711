import { readFile } from "node:fs/promises";

/** The page's own style and script, each as it stands in the page. */
export interface PageAssets {
  readonly style: string;
  readonly script: string;
}

/** Reads what the build has put beside the command: src/bundle.mjs makes one file each of what is in page/. */
export async function readAssets(): Promise<PageAssets> {
  const [style, script] = await Promise.all(["page.css", "page.js"].map((name) => readFile(new URL(name, import.meta.url), "utf8")));
  return { style: style ?? "", script: script ?? "" };
}
