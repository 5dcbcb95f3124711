import type { LeftOut, LeftOutReason, Notice } from "../index.js";
import { escapeText } from "./escape.js";
import { countOf, formatBytes } from "./quantities.js";

/** How many paths are named for each reason; --json has them all. */
const NAMED = 3;

/** Each reason in words, with the way to keep what it leaves out. */
const REASONS: Readonly<Record<LeftOutReason, string>> = {
  excluded: "matched by --exclude",
  development: "development dependencies (--omit dev)",
  workspace: "what the packed member does not need",
  cache: "caches that tools make again (--include keeps them)",
  build: "leftovers of builds (--include keeps them)",
  secret: "secrets (--include-secret PATH keeps one)",
  vcs: "version control",
  output: "the archive itself, or an older one",
};

/** What stays behind and why: a line for each reason, the largest first. Empty where nothing does. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const byReason = new Map<LeftOutReason, LeftOut[]>();
  for (const item of leftOut) byReason.set(item.reason, [...(byReason.get(item.reason) ?? []), item]);
  const groups = [...byReason].map(([reason, items]) => ({ reason, items, bytes: sum(items, "bytes") }));
  groups.sort((a, b) => b.bytes - a.bytes);
  const lines = groups.map(({ reason, items, bytes }) => `  ${amount(items, bytes)}: ${REASONS[reason]}: ${pathsOf(items)}`);
  return lines.length === 0 ? [] : ["left out:", ...lines];
}

export function noticeLines(notices: readonly Notice[]): string[] {
  return notices.map(({ message, path }) => {
    const where = path === undefined || message.includes(path) ? "" : `: ${escapeText(path)}`;
    return `note: ${escapeText(message)}${where}`;
  });
}

/** Folders that were not walked have no figures: they are counted as folders. */
function amount(items: readonly LeftOut[], bytes: number): string {
  const unwalked = items.filter((item) => item.files === null).length;
  const files = sum(items, "files");
  const parts: string[] = [];
  if (files > 0 || unwalked === 0) parts.push(`${countOf(files, "file", "files")}, ${formatBytes(bytes)}`);
  if (unwalked > 0) parts.push(countOf(unwalked, "folder", "folders"));
  return parts.join(" and ");
}

function pathsOf(items: readonly LeftOut[]): string {
  const largest = [...items].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  const named = largest.slice(0, NAMED).map((item) => escapeText(item.path));
  const more = largest.length - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}

function sum(items: readonly LeftOut[], figure: "files" | "bytes"): number {
  return items.reduce((total, item) => total + (item[figure] ?? 0), 0);
}
