import { EnvpackError } from "../errors.js";

/** Stands in for `pack` and `layer` in the tool that travels: packing needs what only an installed envpack has. */
export function pack(): never {
  throw notHere("does not pack");
}

export const planPack = pack;

/** Stands in for what hands archives over: a worker has received its own. */
export function deliver(): never {
  throw notHere("does not deliver");
}

function notHere(what: string): EnvpackError {
  return new EnvpackError("USAGE", `the envpack inside an environment ${what}`, {
    hint: "install envpack (`npm install --global envpack`) and use that one",
  });
}
export const layer = pack;
