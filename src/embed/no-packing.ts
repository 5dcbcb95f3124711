import { EnvpackError } from "../support/errors.js";

/** Stands in for `pack` and `layer` in the tool that travels: packing needs what only an installed envpack has. */
export function pack(): never {
  throw new EnvpackError("USAGE", "the envpack inside an environment does not pack", {
    hint: "install envpack (`npm install --global envpack`) and use that one",
  });
}

export const checkPlatforms = pack;
export const planPack = pack;
export const packForPlatforms = pack;
export const planDockerfile = pack;
export const layer = pack;
