import type { EvidenceFact, Info, LayerRecord, Manifest, SignatureFact, SlimRecord, TraceRecord } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { imageRows } from "./image-text.js";
import { countOf, formatBytes, formatShare } from "../support/quantities.js";

const LABEL_WIDTH = 13;

/** What `envpack info` prints: a fact a line. */
export function infoText(facts: Info): string {
  const { manifest } = facts;
  const rows: [string, string | null][] = [
    ["name", `${manifest.name}${manifest.version === null ? "" : ` ${manifest.version}`} (${manifest.kind})`],
    [facts.kind === "folder" ? "environment" : facts.kind, facts.path],
    ...imageRows(facts),
    ["layer", manifest.layer === undefined ? null : layerText(manifest.layer)],
    ["made by", manifest.createdBy],
    ["made for", platformText(manifest)],
    ["runs here", facts.unfit === null ? "yes" : `no: ${facts.unfit}`],
    ["runtime", runtimeText(manifest)],
    [
      "manager",
      manifest.manager === null ? null : `${manifest.manager.name} ${manifest.manager.version ?? "(nothing on disk tells its version)"}`,
    ],
    ["project", manifest.kind === "project" && manifest.layer === undefined ? `in ${manifest.resolveFrom[0] ?? "app"}/` : null],
    ["packages", manifest.layer === undefined ? String(manifest.packages.length) : null],
    ["commands", manifest.layer !== undefined ? null : manifest.bins.length === 0 ? "none" : manifest.bins.join(" ")],
    ["content", sizeText(facts)],
    ["left out", manifest.omitted.includes("dev") ? "development dependencies" : null],
    ["slim", manifest.slim === undefined ? null : slimText(manifest.slim)],
    ["traced", manifest.slim?.trace === undefined ? null : tracedText(manifest.slim.trace)],
    ["signed", facts.kind !== "folder" ? signatureText(facts.signature) : null],
    ...facts.evidence.map((fact): [string, string] => [fact.kind, evidenceText(fact)]),
    ["secrets in", manifest.includedSecrets.length === 0 ? null : manifest.includedSecrets.join(" ")],
    ["relocation", relocationText(manifest)],
    ["old place", placeText(facts)],
    ["digest", facts.digests.content],
    ["verified", facts.differences === null ? null : verifiedText(facts.differences.length)],
  ];
  return rows
    .filter((row): row is [string, string] => row[1] !== null)
    .map(([label, value]) => `${label.padEnd(LABEL_WIDTH)}${escapeText(value)}`)
    .join("\n");
}

/** What of the installed packages is not in it. */
function slimText({ grade, files, bytes }: SlimRecord): string {
  const without = `without ${countOf(files, "file", "files")} (${formatBytes(bytes)}) of its packages`;
  return grade === null ? without : `${grade}: ${without} that no program loads`;
}

function tracedText({ entries, records, proved }: TraceRecord): string {
  const from = `from ${entries.join(", ")}${records === 0 ? "" : ` and ${countOf(records, "recorded run", "recorded runs")}`}`;
  return `${from}; ${proved ? "proved to run before it was written" : "not proved when it was packed"}`;
}

function platformText({ platform }: Manifest): string {
  const libc = platform.glibc === null ? platform.libc : `${platform.libc} ${platform.glibc} or later`;
  return `${platform.os}-${platform.arch}${libc === null ? "" : `, ${libc}`}`;
}

function runtimeText({ runtime }: Manifest): string {
  if (runtime === null) return "none inside: the machine's own Node.js runs it";
  const reach = runtime.hook === "import" ? "import and require" : "require only: too old for the import hook";
  return `Node.js ${runtime.version}; scripts elsewhere reach its packages by ${reach}`;
}

/** Whether and by whom an archive is signed, and whether that was checked. */
export function signatureText(signature: SignatureFact | null): string {
  if (signature === null) return "no";
  const { fingerprint, comment, place, fits, trusted } = signature;
  if (!fits)
    return `no: the signature ${place === "attached" ? "attached to" : "beside"} it, by ${fingerprint}, is not that of this archive`;
  const key = `${fingerprint}${comment === null ? "" : ` (${comment})`}${{ archive: "", beside: ", in a file beside it", attached: ", attached to it" }[place]}`;
  return trusted ? `by ${key}, a key that was named` : `by ${key}; whose key that is was not checked: --verify-key does`;
}

/** What lies beside an archive, what it says, and who vouches for that. */
export function evidenceText({ fits, signedBy, claimed, says }: EvidenceFact): string {
  if (!fits) return `not of this archive: ${says}`;
  if (signedBy !== null) return `${says}; signed by ${signedBy}, a key that was named`;
  return `${says}; ${claimed.length === 0 ? "not signed" : `says that it is signed by ${claimed.join(", ")}, which was not checked: --verify-key does`}`;
}

function sizeText({ entries, bytes, archiveBytes, format, image }: Info): string {
  const content = `${countOf(entries, "entry", "entries")}, ${formatBytes(bytes)}`;
  if (archiveBytes === null) return content;
  const share = formatShare(archiveBytes, bytes);
  return `${content}; ${formatBytes(archiveBytes)} as ${image === null ? format : "layers"}${share === null ? "" : ` (${share})`}`;
}

/** What a layer is made for, in one line. */
export function layerText({ base, digest, files, removed }: LayerRecord): string {
  const what = `${countOf(files, "file comes", "files come")}, ${countOf(removed, "path goes", "paths go")}`;
  const onto = `${base.name}${base.version === null ? "" : ` ${base.version}`} (digest ${base.digest.slice(0, 12)})`;
  return `${what}; unpack it --onto ${onto}: it makes digest ${digest.slice(0, 12)}`;
}

function verifiedText(differences: number): string {
  return differences === 0 ? "all as packed" : `${countOf(differences, "difference", "differences")}: envpack verify lists them`;
}

/** What was done when packing so that it works from anywhere. */
function relocationText({ relocation }: Manifest): string {
  const { relative, broughtIn, dropped } = relocation;
  const parts = [
    [relative, countOf(relative, "link or script made relative", "links and scripts made relative")],
    [broughtIn, `${broughtIn} brought in from outside`],
    [dropped, `${countOf(dropped, "leftover", "leftovers")} with paths of the old place left out`],
  ] as const;
  const done = parts.filter(([count]) => count > 0).map(([, text]) => text);
  return done.length === 0 ? "nothing had to be changed" : done.join(", ");
}

function placeText({ fixups, kind, relocatedTo }: Info): string {
  if (fixups === 0) return "named by no file: works from anywhere as it is";
  const named = `named by ${countOf(fixups, "file", "files")}`;
  if (kind === "image") return `${named}: in an image they stay as they are; --dest-prefix writes another place while packing`;
  if (kind === "archive") return `${named}: envpack unpack rewrites them`;
  return relocatedTo === null ? `${named}: envpack relocate rewrites them` : `${named}, rewritten to ${relocatedTo}`;
}
