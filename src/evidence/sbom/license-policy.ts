import type { SpdxLicense, SpdxNode } from "spdx-expression-parse";
import { EnvpackError } from "../../support/errors.js";
import type { License } from "./license.js";

/** Which licences are taken: patterns of names, in which `*` and `?` stand for any characters and one. */
export interface LicensePolicy {
  /** Where there are any, nothing else is taken. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** What patterns match where a package names no licence, as SPDX calls it. */
export const NAMELESS = "NOASSERTION";

/** Parts of an unclear name, as "MIT and GPL-3.0": each may be one that is not wanted. */
const SEPARATORS = /[\s,;/|&()]+/;

/**
 * Makes a judge of licences. Of "A OR B" one may choose, so one of them has to do; of "A AND B" both have to. A name
 * that is not clear is not taken where a part of it is denied, and is allowed as a whole only.
 *
 * @throws EnvpackError USAGE where a pattern is empty
 * @returns why a licence is not taken; null where it is
 */
export function makeJudge({ allow = [], deny = [] }: LicensePolicy): (license: License) => string | null {
  const allows = allow.map(compile);
  const denies = deny.map(compile);
  const blame = (names: readonly string[], parts = names): string | null => {
    const denied = parts.find((name) => denies.some((one) => one.test(name)));
    if (denied !== undefined) return `${denied} is denied`;
    if (allows.length === 0 || names.some((name) => allows.some((one) => one.test(name)))) return null;
    return `${names.at(-1)} is not allowed`;
  };
  const judge = (node: SpdxNode): string | null => {
    if (!("conjunction" in node)) return blame(namesOf(node));
    const left = judge(node.left);
    if (node.conjunction === "and") return left ?? judge(node.right);
    return left === null ? null : bothOf(left, judge(node.right));
  };
  return (license) => {
    if (license.kind === "spdx") return judge(license.terms);
    if (license.kind === "missing") return blame([NAMELESS]);
    return blame([license.text], [license.text, ...license.text.split(SEPARATORS).filter((part) => part !== "")]);
  };
}

function bothOf(left: string, right: string | null): string | null {
  return right === null ? null : left === right ? left : `${left}, ${right}`;
}

/** "GPL-2.0-only", and "GPL-2.0-only WITH Classpath-exception-2.0" where there is an exception. */
function namesOf({ license, plus, exception }: SpdxLicense): string[] {
  const name = plus === true ? `${license}+` : license;
  return exception === undefined ? [name] : [name, `${name} WITH ${exception}`];
}

function compile(pattern: string): RegExp {
  if (pattern.trim() === "") throw new EnvpackError("USAGE", "a pattern of licences is empty", { hint: "name one, as 'GPL-*'" });
  const source = pattern
    .trim()
    .replaceAll(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "iu");
}
