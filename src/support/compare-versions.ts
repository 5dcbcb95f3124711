/**
 * Compares versions of dotted numbers, such as glibc's "2.9" and "2.28", part by part: negative, zero or positive.
 * Versions of packages are semver's business.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
