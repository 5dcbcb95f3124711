import { formatOf } from "../archive/formats.js";
import { basename, dirname, isAbsolute, relative } from "node:path";
import type { PackedRuntime, PackPreview, PackResult } from "../index.js";
import { escapedWord } from "./escape.js";
import { escapeText } from "../support/unsafe-text.js";
import { leftOutLines, noticeLines } from "./left-out-text.js";
import type { PackJson } from "./json-shapes.js";
import { imageLines } from "./image-text.js";
import { entriesText, formatSeconds } from "./quantities.js";
import { countOf, formatBytes, formatShare } from "../support/quantities.js";
import { residualLines } from "./residual-text.js";
import { unfitText } from "./unfit-text.js";
import { append } from "../support/append.js";

/** What `envpack pack` says when it is done: a few lines, without a newline at the end; `engine` is the one it was packed for. */
export function packText(result: PackResult, seconds: number, engine?: "yarn"): string {
  const { manifest, output, entries, files, bytes, reusedBytes, fixups, notices } = result;
  const name = escapeText([manifest.name, manifest.version].filter((part) => part !== null).join(" "));
  const lines = [
    `packed ${name} into ${output === null ? (result.image === null ? "stdout" : "an image") : escapeText(output)}`,
    `  ${entriesText(entries, files)}, ${formatBytes(bytes)}${packedSize(result)} in ${formatSeconds(seconds)}`,
    ...(isFolder(result) || result.image !== null ? [] : [`  sha256 ${result.sha256}`]),
    `  ${runtimeText(result.runtime)}`,
  ];
  const { archive, beside } = result.signedBy;
  if (archive !== null) lines.push(`  signed by ${archive}`);
  if (beside !== null) lines.push(`  signed by ${beside}, in ${output === null ? "a file" : escapeText(output)}.sig`);
  const written = [result.beside.sbom, result.beside.checksum, result.beside.parcelHash, result.beside.provenance].filter(
    (file) => file !== null,
  );
  if (written.length > 0) lines.push(`  beside it: ${written.map((file) => escapeText(basename(file))).join(", ")}`);
  if (result.image !== null) append(lines, imageLines(result.image));
  if (result.trace !== null) append(lines, traceLines(result.trace));
  const reused = formatShare(reusedBytes, bytes);
  if (reusedBytes > 0 && reused !== null)
    lines.push(
      `  ${formatBytes(reusedBytes)} (${reused}) had not changed and came from the previous ${result.image === null ? "archive" : "image"}`,
    );
  if (fixups > 0 && !notices.some(({ code }) => code === "FIXUPS_STAY")) {
    lines.push(`  ${countOf(fixups, "file names", "files name")} the old place: ${rewrittenBy(result)}`);
  }
  if (result.unfit.length > 0) lines.push(unfitText(result.unfit).slice(1));
  const [project = "app"] = manifest.resolveFrom;
  if (manifest.kind === "project" && project !== "app")
    lines.push(`  the workspace is in app/, the member in ${escapeText(project)}/: DIR/bin/node DIR/${escapeText(project)}/…`);
  append(lines, residualLines(result.residuals));
  append(lines, leftOutLines(result.leftOut));
  append(lines, noticeLines(notices));
  if (output !== null)
    lines.push(
      engine === undefined
        ? nextStep(result, output)
        : `next: envpack deliver ${engine} ${escapedWord(fromHere(output))} --to hdfs://NAMENODE:8020/envs`,
    );
  return lines.join("\n");
}

/** What a trace was made from, whether it was proved, and what the proof brought back. */
export function traceLines({ entries, records, proved, broughtBack, files }: NonNullable<PackResult["trace"]>): string[] {
  const from = `traced from ${entries.map(escapeText).join(", ")}${records === 0 ? "" : ` and ${countOf(records, "recorded run", "recorded runs")}`}`;
  const how = proved ? "proved to run" : "not proved: --prove does, or envpack prove";
  const lines = [`  ${from}: ${countOf(files.length, "file", "files")} of packages; ${how}`];
  if (broughtBack.length > 0) lines.push(`  brought back by the proof: ${broughtBack.map(escapeText).join(", ")}`);
  return lines;
}

/** Which Node.js goes in, and where it is from. */
export function runtimeText(runtime: PackedRuntime | null): string {
  if (runtime === null) return "without Node.js: the machine's own runs it";
  const { version, origin, from } = runtime;
  const place = { current: `the one that runs envpack: ${from}`, path: `from ${from}`, registry: `from the registry ${from}` }[origin];
  return `with Node.js ${version}, ${escapeText(place)}`;
}

/** The same as data: what the manifest says of it, and where it is from. */
export function runtimeJson({ manifest, runtime }: Pick<PackPreview, "manifest" | "runtime">): PackJson["runtime"] {
  const { origin = null, from = null } = runtime ?? {};
  return manifest.runtime === null ? null : { ...manifest.runtime, origin, from };
}

/** The same as data: the file list is left to `envpack list`. */
export function packJson(result: PackResult, seconds: number): PackJson {
  const {
    manifest,
    format,
    output,
    entries,
    files,
    bytes,
    archiveBytes,
    reusedBytes,
    sha256,
    fixups,
    unfit,
    residuals,
    leftOut,
    notices,
    signedBy,
    beside,
    image,
    slim,
    trace,
  } = result;
  const { name, version, platform } = manifest;
  const runtime = runtimeJson(result);
  return {
    ...{ name, version, platform, runtime, format, output },
    ...{
      entries,
      files,
      bytes,
      archiveBytes,
      reusedBytes,
      sha256,
      signedBy,
      beside,
      fixups,
      unfit,
      residuals,
      seconds,
      leftOut,
      notices,
      image,
      slim,
      trace,
    },
  };
}

function isFolder({ format }: Pick<PackResult, "format">): boolean {
  return formatOf(format).container === "folder";
}

/** The archive's own size, and its share of the content; "" of a folder. */
function packedSize(result: PackResult): string {
  const { bytes, archiveBytes } = result;
  if (isFolder(result)) return "";
  const share = formatShare(archiveBytes, bytes);
  return ` -> ${formatBytes(archiveBytes)}${share === null ? "" : ` (${share})`}`;
}

/** A folder is made for its place. An image is read-only where it is mounted, so that only packing can write another place into it. */
function rewrittenBy({ format }: PackResult): string {
  if (isFolder({ format })) return "rewritten for the new one";
  if (format === "parcel") return "rewritten for the cluster's folder of parcels";
  if (["image", "layers"].includes(formatOf(format).container))
    return "in an image that stays as it was packed; --dest-prefix writes another place while packing";
  if (formatOf(format).container === "script") return "rewritten where the file restores it";
  return `envpack unpack rewrites it, after a plain ${formatOf(format).plain[0].split(" ", 1)[0] ?? ""} envpack relocate does`;
}

function nextStep({ format }: PackResult, output: string): string {
  const file = escapedWord(fromHere(output));
  if (format === "directory")
    return `next: source ${escapedWord(`${fromHere(output)}/bin/activate`)}, or ${escapedWord(`${fromHere(output)}/bin/envpack`)} run COMMAND`;
  if (format === "parcel")
    return `next: envpack parcel-manifest ${escapedWord(fromHere(dirname(output)) || ".")} makes a repository of its folder; or copy it and its .sha to Cloudera Manager's parcel-repo`;
  const { container, plain } = formatOf(format);
  if (container === "script") return `next: ${file.includes("/") ? file : `./${file}`} DIR`;
  // Docker and podman load files; a folder's image has its name for neither.
  const loads = output.toLowerCase().endsWith(".tar") ? `podman load -i ${file}, docker load -i ${file}, or ` : "";
  if (format === "oci") return `next: ${loads}envpack deliver registry ${file} --to HOST/REPOSITORY:TAG`;
  if (container === "image") return `next: squashfuse ${file} DIR, or mount it; then DIR/bin/envpack verify`;
  return `next: envpack unpack ${file} DIR, or a plain ${plain[0]}`;
}

/** A path as it is typed here: what lies in or below the current folder needs no more. */
function fromHere(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}
