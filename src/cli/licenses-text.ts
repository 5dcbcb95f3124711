import type { LicensedPackage, LicensesResult } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf } from "../support/quantities.js";

/** How many packages a line names; --json has them all. */
const SHOWN = 6;

/** What `envpack licenses` prints: a line a licence, the most frequent first, then what has to be looked at. */
export function licensesText(result: LicensesResult): string[] {
  const { packages } = result;
  const groups = [...groupByLicense(packages)].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
  const width = Math.max(0, ...groups.map(([license]) => Math.min(license.length, 40)));
  const table = groups.map(
    ([license, group]) => `${escapeText(license).padEnd(width)} ${String(group.length).padStart(5)}  ${namesOf(group)}`,
  );
  const odd = packages
    .filter(({ kind }) => kind !== "spdx")
    .map((one) => `${one.kind} ${nameOf(one)}${one.license === null ? "" : `: ${escapeText(one.license)}`} (${escapeText(one.path)})`);
  const silent = packages.filter(({ files }) => files.length === 0);
  return [
    ...table,
    ...odd,
    ...(silent.length === 0 ? [] : [`no text of a licence: ${namesOf(silent)}`]),
    ...refusedLines(result),
    `${countOf(packages.length, "package", "packages")}, ${countOf(groups.length, "licence", "licences")}`,
  ];
}

/** A line for each package whose licence is not taken. */
export function refusedLines({ packages }: LicensesResult): string[] {
  return packages
    .filter(({ refused }) => refused !== null)
    .map((one) => `refused ${nameOf(one)}: ${escapeText(one.refused ?? "")} (${escapeText(one.path)})`);
}

function groupByLicense(packages: readonly LicensedPackage[]): Map<string, LicensedPackage[]> {
  const groups = new Map<string, LicensedPackage[]>();
  for (const one of packages) {
    const license = one.license ?? "(none)";
    groups.set(license, [...(groups.get(license) ?? []), one]);
  }
  return groups;
}

function namesOf(packages: readonly LicensedPackage[]): string {
  const rest = packages.length - SHOWN;
  return `${packages.slice(0, SHOWN).map(nameOf).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function nameOf({ name, version }: LicensedPackage): string {
  return escapeText(version === null ? name : `${name}@${version}`);
}
