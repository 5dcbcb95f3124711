import type { SlimRule } from "../rule.js";

/** Their declarations are what they work with. */
const COMPILERS = new Set(["typescript", "flow-bin"]);

/**
 * Compilers and editors read declarations; Node loads none. The compiler's own library is its data. Measured: 242 of 446 MB
 * of an application with googleapis.
 */
export const TYPE_DECLARATIONS: SlimRule = {
  name: "type declarations",
  why: "compilers and editors read them, and Node.js loads none",
  file: ({ name, package: owner }) => !COMPILERS.has(owner) && /\.d(?:\.[\w-]+)?\.[cm]?ts$|\.[cm]?jsx?\.flow$/.test(name),
  composed: /\.d\.[cm]?ts$/,
  composedNear: true,
};
