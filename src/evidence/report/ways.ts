import { ENVIRONMENT } from "./facts.js";

/** Who asks for what, by places in a list. */
export interface Ways {
  /** The next on a shortest way to the environment; null where there is none. */
  readonly parents: readonly (number | null)[];
  /** Sorted: the nearest to the environment first. */
  readonly dependents: readonly (readonly number[])[];
}

/**
 * Finds for each why it is here.
 *
 * @param start a list of nulls, one for each
 * @param edges from who asks to what is asked for; null is the environment itself
 */
export function findWays(start: readonly null[], edges: Iterable<readonly [number | null, number]>): Ways {
  const asks = new Map<number, Set<number>>();
  const asked = start.map(() => new Set<number>());
  for (const [from, to] of edges) {
    const place = from ?? ENVIRONMENT;
    asks.set(place, (asks.get(place) ?? new Set()).add(to));
    asked[to]?.add(place);
  }
  const parents: (number | null)[] = [...start];
  const depths = new Map([[ENVIRONMENT, 0]]);
  const queue = [ENVIRONMENT];
  for (const at of queue) {
    for (const next of [...(asks.get(at) ?? [])].sort((a, b) => a - b)) {
      if (depths.has(next)) continue;
      depths.set(next, (depths.get(at) ?? 0) + 1);
      parents[next] = at;
      queue.push(next);
    }
  }
  const depth = (place: number): number => depths.get(place) ?? Infinity;
  const compare = (a: number, b: number): number => (depth(a) === depth(b) ? a - b : depth(a) - depth(b));
  return { parents, dependents: asked.map((places) => [...places].sort(compare)) };
}
