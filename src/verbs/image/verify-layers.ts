import { createHash } from "node:crypto";
import { META } from "../../archive/entry.js";
import { readLayer, type LayerEntry } from "../../image/oci/layer-entries.js";
import { isTaken, readWhiteout, type Whiteout } from "../../image/oci/whiteouts.js";
import type { Difference } from "../../inspect/verify/compare.js";
import { findModeFault } from "../../inspect/verify/compare-entry.js";
import { layerAt, type ImageEnvironment } from "./open-image.js";

/** What stands at a path of the environment, as its layers make it. */
interface Found {
  readonly type: LayerEntry["type"];
  readonly target: string;
  readonly executable: boolean;
  /** What is wrong with its mode; null: nothing. */
  readonly fault: string | null;
  readonly uid: number;
  sha256: string;
}

/** Reads every layer, each checked against its digests, and compares what they make with the environment's index. */
export async function verifyImage(environment: ImageEnvironment): Promise<readonly Difference[]> {
  const { image, prefix, index } = environment;
  const found = new Map<string, Found>();
  const differences: Difference[] = [];
  let owner = 0;
  for (const at of image.manifest.layers.keys()) {
    const layer = new LayerView(prefix.slice(1));
    await readLayer(image.source, layerAt(image, at), image.config.rootfs.diff_ids[at] ?? "", (entry) => layer.take(entry));
    layer.applyTo(found);
    owner = layer.owner ?? owner;
    if (layer.inTheWay !== null)
      differences.push({
        path: `/${layer.inTheWay}`,
        kind: "changed",
        detail: "a later layer has something else in place of a folder above it",
      });
  }
  found.delete(META.index);
  for (const entry of index.entries) {
    const own = found.get(entry.path);
    found.delete(entry.path);
    if (own === undefined) differences.push({ path: entry.path, kind: "missing", detail: "" });
    else if (own.type !== entry.type) differences.push({ path: entry.path, kind: "changed", detail: `is of another kind: ${own.type}` });
    else if (entry.type === "file" && (own.sha256 !== entry.sha256 || own.executable !== entry.executable))
      differences.push({
        path: entry.path,
        kind: "changed",
        detail: own.sha256 === entry.sha256 ? "may be executed, or not, other than as packed" : "holds something else",
      });
    else if (entry.type === "symlink" && own.target !== entry.target)
      differences.push({ path: entry.path, kind: "changed", detail: "leads elsewhere" });
    else if (own.fault !== null) differences.push({ path: entry.path, kind: "changed", detail: own.fault });
    else if (own.uid !== 0 && own.uid !== owner)
      differences.push({ path: entry.path, kind: "changed", detail: `belongs to another user (${own.uid}) than its folder` });
  }
  for (const path of found.keys()) differences.push({ path, kind: "added", detail: "" });
  return differences.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What one layer adds to the environment, and takes from the layers below it. */
class LayerView {
  /** A link or a file at the environment's place or above it: what lies there is not what a container would see. */
  inTheWay: string | null = null;
  /** Of the environment's own folder; null where this layer has it not. */
  owner: number | null = null;
  readonly #prefix: string;
  readonly #found = new Map<string, Found>();
  readonly #whiteouts: Whiteout[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  take({ path, type, size, target, executable, mode, uid }: LayerEntry): ((bytes: Buffer) => void) | null {
    const whiteout = readWhiteout(path);
    if (whiteout !== null) this.#whiteouts.push(whiteout);
    if (type !== "directory" && `${this.#prefix}/`.startsWith(`${path}/`)) this.inTheWay = path;
    if (path === this.#prefix) this.owner = uid;
    if (whiteout !== null || !path.startsWith(`${this.#prefix}/`)) return null;
    const entry: Found = { type, target, executable, fault: type === "symlink" ? null : findModeFault(type, mode), uid, sha256: "" };
    this.#found.set(path.slice(this.#prefix.length + 1), entry);
    if (type !== "file") return null;
    const hash = createHash("sha256");
    let left = size;
    if (left === 0) entry.sha256 = hash.digest("hex");
    return (bytes) => {
      hash.update(bytes);
      left -= bytes.length;
      if (left === 0) entry.sha256 = hash.digest("hex");
    };
  }

  applyTo(lower: Map<string, Found>): void {
    for (const whiteout of this.#whiteouts)
      for (const path of lower.keys()) if (isTaken(whiteout, `${this.#prefix}/${path}`)) lower.delete(path);
    for (const [path, entry] of this.#found) lower.set(path, entry);
  }
}
