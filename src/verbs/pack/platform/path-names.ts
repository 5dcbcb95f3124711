import { EnvpackError } from "../../../support/errors.js";
import type { Notice } from "../../../support/progress.js";

/** Paths of a copy, told by the names of what was copied: nobody can do anything about a folder that is gone in a moment. */
export class PathNames {
  /** The longest first. */
  readonly #names: readonly (readonly [copy: string, original: string])[];

  constructor(names: readonly (readonly [copy: string, original: string])[]) {
    this.#names = [...names].sort(([a], [b]) => b.length - a.length);
  }

  text(text: string): string {
    return this.#names.reduce((result, [copy, original]) => result.replaceAll(copy, original), text);
  }

  notice(notice: Notice): Notice {
    const { message, path } = notice;
    return { ...notice, message: this.text(message), ...(path === undefined ? {} : { path: this.text(path) }) };
  }

  /** Whatever was thrown, with the user's own paths. */
  error(error: unknown): unknown {
    if (!(error instanceof EnvpackError)) return error;
    const { code, message, path, hint, cause } = error;
    return new EnvpackError(code, this.text(message), {
      path: path === undefined ? undefined : this.text(path),
      hint: hint === undefined ? undefined : this.text(hint),
      cause,
    });
  }
}
