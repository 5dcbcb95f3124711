import type { Info, PackedImage, PushedImage } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf, formatBytes } from "../support/quantities.js";

/** What is said of an image that was made: its layers, and where it was pushed. */
export function imageLines({ digest, index, platform, base, layers, prefix, attached, pushed }: PackedImage): string[] {
  const parts = layers.map(({ role, bytes, from }) => `${role} ${formatBytes(bytes)}${from === null ? "" : " (unchanged)"}`);
  return [
    `  image ${digest}${index === null ? "" : `, in the index ${index}`}`,
    `  ${platform}, in ${escapeText(prefix)}, on ${base === null ? "this machine's C library" : escapeText(base.name)}`,
    `  layers: ${parts.join(", ")}`,
    ...(attached.length === 0 ? [] : [`  attached: ${attached.map(({ type }) => attachedText(type)).join(", ")}`]),
    ...pushedLines(pushed),
  ];
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["application/vnd.cyclonedx+json", "bill of materials (CycloneDX)"],
  ["application/spdx+json", "bill of materials (SPDX)"],
  ["application/vnd.dsse.envelope.v1+json", "signed statement"],
  ["application/vnd.dev.cosign.artifact.sig.v1+json", "signature"],
]);

/** What a document is that is attached to an image, in words where its type is known. */
function attachedText(type: string): string {
  return KINDS.get(type) ?? escapeText(type);
}

/** A push a line, and what it sent. */
export function pushedLines(pushed: readonly PushedImage[]): string[] {
  return pushed.flatMap(({ reference, pinned, sentBytes, mountedBytes, thereBytes, attached }) => {
    const mounted = mountedBytes === 0 ? "" : `, ${formatBytes(mountedBytes)} came from another repository`;
    const beside = attached.length === 0 ? "" : `, with ${countOf(attached.length, "attached document", "attached documents")}`;
    return [
      `pushed ${escapeText(reference)}${beside}: ${formatBytes(sentBytes)} sent${mounted}, ${formatBytes(thereBytes)} were there`,
      `  ${escapeText(pinned)}`,
    ];
  });
}

/** What `info` tells of an image besides its environment: a label and a value a row. */
export function imageRows({ image }: Info): [string, string | null][] {
  if (image === null) return [];
  const layers = image.layers.map(({ bytes, comment }) => `${comment === "" ? "layer" : comment} ${formatBytes(bytes)}`);
  return [
    ["digest of it", image.digest],
    ["platform", image.platforms.join(", ")],
    ["stands on", image.base ?? "the packing machine's C library, or a base that it does not name"],
    ["lies in", image.prefix],
    ["runs", `${image.runs.join(" ")} (as ${image.user === "" ? "root" : image.user})`],
    ["layers", layers.join(", ")],
    [
      "attached",
      image.attached.length === 0 ? null : image.attached.map(({ type, digest }) => `${attachedText(type)} ${digest}`).join(", "),
    ],
  ];
}
