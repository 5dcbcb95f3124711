import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scratchFolder } from "../scratch.js";

/** A file's content (an object is written as JSON), or a link's target. */
export type Content = string | Uint8Array | object | { readonly link: string };

// Said once, here: said within a test it would go unheard.
/** Makes a folder below the system's temporary one; it is removed when the test file is done. */
export function makeFolder(): string {
  return scratchFolder();
}

/** Writes files and links below a folder; a name that ends in "/" makes an empty folder. */
export function writeTree(folder: string, tree: Readonly<Record<string, Content>>): string {
  for (const [path, content] of Object.entries(tree)) {
    const file = join(folder, path);
    mkdirSync(path.endsWith("/") ? file : dirname(file), { recursive: true });
    if (path.endsWith("/")) continue;
    if (typeof content === "object" && "link" in content) symlinkSync(content.link, file);
    else writeFileSync(file, typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content, null, 2));
  }
  return folder;
}

/** A project with the packages `a` (for production, with a command) and `d` (for development), as npm leaves it. */
export function sampleProject(): Record<string, Content> {
  return {
    "package.json": { name: "sample", version: "1.2.3", dependencies: { a: "^1.0.0" }, devDependencies: { d: "^2.0.0" } },
    "package-lock.json": {
      lockfileVersion: 3,
      packages: {
        "": { name: "sample", version: "1.2.3" },
        "node_modules/a": { version: "1.0.0" },
        "node_modules/d": { version: "2.0.0", dev: true },
      },
    },
    "node_modules/a/package.json": { name: "a", version: "1.0.0", bin: "cli.js" },
    "node_modules/a/cli.js": "#!/usr/bin/env node\nconsole.log('a');\n",
    "node_modules/d/package.json": { name: "d", version: "2.0.0", bin: { d: "d.js" } },
    "node_modules/d/d.js": "console.log('d');\n",
    "node_modules/.bin/a": { link: "../a/cli.js" },
    "node_modules/.bin/d": { link: "../d/d.js" },
    "node_modules/.package-lock.json": { lockfileVersion: 3, packages: {} },
    "index.js": "require('a');\n",
  };
}
