import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { quoteForNodeOptions } from "../../support/quote.js";

/** What Yarn's Plug'n'Play answers `require` and `import` with (yarnpkg.com/advanced/pnp-api); absolute. */
export interface PlugAndPlay {
  readonly program: string;
  /** Absent in projects without ES modules. */
  readonly loader: string | null;
}

/** The one that is in force in a folder: there, or in the nearest folder above as far as `top`, since members share their workspace's. */
export function findPlugAndPlay(folder: string, top: string): PlugAndPlay | null {
  for (let at = folder; ; at = dirname(at)) {
    const [program, loader] = [join(at, ".pnp.cjs"), join(at, ".pnp.loader.mjs")];
    if (existsSync(program)) return { program, loader: existsSync(loader) ? loader : null };
    if (at === top || at === dirname(at)) return null;
  }
}

/** NODE_OPTIONS as `yarn node` sets it. */
export function optionsOf({ program, loader }: PlugAndPlay): string {
  const loaded = loader === null ? [] : [`--experimental-loader=${pathToFileURL(loader).href}`];
  return [`--require=${program}`, ...loaded].map(quoteForNodeOptions).join(" ");
}
