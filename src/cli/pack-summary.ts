import type { PackResult } from "../index.js";
import { escapedWord, escapeText } from "./escape.js";
import { leftOutLines, noticeLines } from "./left-out-text.js";
import { countOf, formatBytes, formatSeconds, formatShare } from "./quantities.js";
import { residualLines } from "./residual-text.js";

/** What `envpack pack` says when it is done: a few lines, without a newline at the end; `engine` is the one it was packed for. */
export function packText(result: PackResult, seconds: number, engine?: "yarn"): string {
  const { manifest, output, files, bytes, archiveBytes, reusedBytes, sha256, fixups, notices } = result;
  const name = escapeText([manifest.name, manifest.version].filter((part) => part !== null).join(" "));
  const share = formatShare(archiveBytes, bytes);
  const lines = [
    `packed ${name} into ${output === null ? "stdout" : escapeText(output)}`,
    `  ${countOf(files, "file", "files")}, ${formatBytes(bytes)} -> ${formatBytes(archiveBytes)}${share === null ? "" : ` (${share})`} in ${formatSeconds(seconds)}`,
    `  sha256 ${sha256}`,
  ];
  const reused = formatShare(reusedBytes, bytes);
  if (reusedBytes > 0 && reused !== null) lines.push(`  ${formatBytes(reusedBytes)} (${reused}) had not changed and came from the previous archive`);
  if (fixups > 0 && !notices.some(({ code }) => code === "FIXUPS_STAY")) {
    lines.push(`  ${countOf(fixups, "file names", "files name")} the old place: ${rewrittenBy(result)}`);
  }
  lines.push(...residualLines(result.residuals), ...leftOutLines(result.leftOut), ...noticeLines(notices));
  if (output !== null) lines.push(engine === undefined ? nextStep(result, output) : `next: envpack deliver ${engine} ${escapedWord(output)} --to hdfs://NAMENODE:8020/envs`);
  return lines.join("\n");
}

/** The same as data: the file list is left to `envpack list`. */
export function packJson(result: PackResult, seconds: number): object {
  const { manifest, format, output, entries, files, bytes, archiveBytes, reusedBytes, sha256, fixups, residuals, leftOut, notices } = result;
  const { name, version, platform, runtime } = manifest;
  return {
    ...{ name, version, platform, runtime, format, output },
    ...{ entries, files, bytes, archiveBytes, reusedBytes, sha256, fixups, residuals, seconds, leftOut, notices },
  };
}

/** An image is read-only where it is mounted, so that only packing can write another place into it. */
function rewrittenBy({ format }: PackResult): string {
  if (format === "squashfs") return "in an image that stays as it was packed; --dest-prefix writes another place while packing";
  return `envpack unpack rewrites it, after a plain ${format === "zip" ? "unzip" : "tar"} envpack relocate does`;
}

function nextStep({ format }: PackResult, output: string): string {
  const file = escapedWord(output);
  if (format === "squashfs") return `next: mount -t squashfs -o loop,ro ${file} DIR, or squashfuse ${file} DIR; then DIR/bin/envpack verify`;
  const plain = format === "zip" ? `unzip -q ${file} -d DIR` : `tar -x${format === "tar.zst" ? " --zstd" : ""} -f ${file} -C DIR`;
  return `next: envpack unpack ${file} DIR, or just ${plain}`;
}
