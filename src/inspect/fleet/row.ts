/** What environments are compared by. */
export const ASPECTS = ["environment", "runtime", "platform", "host", "packages", "files"] as const;
export type Aspect = (typeof ASPECTS)[number];

/** Something that is not the same everywhere. */
export interface Row {
  readonly aspect: Aspect;
  readonly what: string;
  /** The value of the most first; at a tie that of the side that was named first. */
  readonly values: readonly RowValue[];
}

export interface RowValue {
  /** For people; null: not there. */
  readonly value: string | null;
  /** Names of the sides that have it. */
  readonly sides: readonly string[];
}

/**
 * Groups the sides by what each has.
 *
 * @param values one a side; undefined: it has no say
 * @returns null where all are the same
 */
export function makeRow(
  aspect: Aspect,
  what: string,
  sides: readonly { readonly name: string }[],
  values: readonly (string | null | undefined)[],
): Row | null {
  const groups = new Map<string | null, string[]>();
  for (const [index, value] of values.entries()) {
    const name = sides[index]?.name;
    if (value === undefined || name === undefined) continue;
    const group = groups.get(value);
    if (group === undefined) groups.set(value, [name]);
    else group.push(name);
  }
  if (groups.size < 2) return null;
  // The sort is stable: of groups of one size the one of the earliest side stays first.
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return { aspect, what, values: sorted.map(([value, names]) => ({ value, sides: names })) };
}
