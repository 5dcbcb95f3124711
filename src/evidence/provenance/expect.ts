import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";
import { EnvpackError } from "../../support/errors.js";

/** An environment's name, and the versions of it that will do. */
export interface Expected {
  readonly name: string;
  /** As npm writes ranges: "^1.4", ">=1.4.2", "*". */
  readonly range: string;
}

/**
 * Reads "shop@^1.4", "@acme/shop@>=2" or a bare name.
 *
 * @throws EnvpackError USAGE
 */
export function parseExpected(text: string): Expected {
  const at = text.lastIndexOf("@");
  const [name, range] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, "*"];
  if (name !== "" && validRange(range) !== null && range !== "") return { name, range };
  throw new EnvpackError("USAGE", `${text} is no name with a range of versions`, { hint: "write it as shop@^1.4, or as shop alone" });
}

/**
 * Makes sure that an archive is of this name and of these versions: whatever one key signed is not the same for all that.
 *
 * @throws EnvpackError NOT_EXPECTED
 */
export function assertExpected({ name, version }: { readonly name: string; readonly version: string | null }, expected: Expected): void {
  const isOfVersion = expected.range === "*" || (version !== null && satisfies(version, expected.range, { includePrerelease: true }));
  if (name === expected.name && isOfVersion) return;
  const found = `${name}${version === null ? " without a version" : ` ${version}`}`;
  throw new EnvpackError("NOT_EXPECTED", `the archive is ${found}, not ${expected.name}@${expected.range}`, {
    hint: "look whether the right archive was sent, or expect another (--expect)",
  });
}
