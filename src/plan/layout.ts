import type { Environment } from "../environment/environment.js";

/** Where an environment's own folder lies in the archive, as an arcpath: "" is the archive's root. */
export const ENVIRONMENT_FOLDER: Readonly<Record<Environment["kind"], string>> = {
  project: "app",
  prefix: "",
  conda: "",
};

/** The folder from which scripts outside the environment resolve bare imports. */
export const RESOLVE_FOLDER: Readonly<Record<Environment["kind"], string>> = {
  project: "app",
  prefix: "lib",
  conda: "lib",
};
