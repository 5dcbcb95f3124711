import type { Option } from "commander";

const suggested = new WeakMap<Option, readonly string[]>();

/** Notes words that an option takes, beside others or in a parser of its own, for shells to complete. */
export function suggest(option: Option, words: readonly string[]): Option {
  suggested.set(option, words);
  return option;
}

/** The words that were noted for an option. */
export function suggestedValues(option: Option): readonly string[] | undefined {
  return suggested.get(option);
}
