import type { Environment } from "../environment.js";
import type { OutsideLink } from "../outside.js";

/** What is installed of a project, however its manager laid it out. */
export type ProjectPackages = Required<Pick<Environment, "packages" | "bins" | "member" | "outside" | "pnp" | "notices">> &
  Pick<Environment, "above"> & {
    /** The links that lead to what is in `outside`. */
    readonly links: readonly OutsideLink[];
  };
