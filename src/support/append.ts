/**
 * Adds all of a list to another. `to.push(...more)` is a call with as many arguments, and overflows the stack from some
 * 120,000 on: as many as a folder may have folders in it.
 */
export function append<T>(to: T[], more: Iterable<T>): void {
  for (const one of more) to.push(one);
}
