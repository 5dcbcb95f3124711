import type { SlimRule } from "../rule.js";

/** Folders of a package that hold documents; deeper ones of that name are mostly code (googleapis has one about Google Docs). */
const FOLDERS = /^(?:docs?|documentation|man|examples?)$/i;

/** People read documents. What licences ask to be passed on is no document in this sense: see licences.ts. */
export const DOCUMENTS: SlimRule = {
  name: "documents",
  why: "people read them; licences and notices stay",
  folder: (inside) => FOLDERS.test(inside),
  file: ({ name }) => /\.(?:md|mdx|markdown|mkd|rst|adoc|asciidoc)$|^(?:readme|changelog|changes|history)(?:\.txt)?$/i.test(name),
  composed: /\.(?:md|mdx|markdown|rst|adoc)$/i,
};
