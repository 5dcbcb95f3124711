/** A number with at most one digit behind the point. */
export function plainCount(value: number): string {
  return String(Math.round(value * 10) / 10);
}
