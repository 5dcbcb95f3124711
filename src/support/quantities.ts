const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** "0 B", "999 B", "1.2 kB", "34.5 MB": decimal units, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** "1,234,567" */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** "1 file", "2,000 files" */
export function countOf(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "31 %"; of nothing, null. */
export function formatShare(part: number, whole: number): string | null {
  return whole === 0 ? null : `${Math.round((part / whole) * 100)} %`;
}
