import { countOf } from "../support/quantities.js";

/** "2,240 entries (2,014 files)": entries are what an archive lists, of which folders and links are some. */
export function entriesText(entries: number, files: number): string {
  return `${countOf(entries, "entry", "entries")} (${countOf(files, "file", "files")})`;
}

/** "0.8 s", "12.3 s", "2 min 05 s" */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** "0:07", "12:34", "1:02:03": time left, for a line that is redrawn. */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  const hours = Math.floor(whole / 3600);
  if (hours > 0) parts.unshift(hours);
  return parts.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
