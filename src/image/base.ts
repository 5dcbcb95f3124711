import { basename, dirname } from "node:path";
import { describePlatform } from "../manifest/host.js";
import { compareVersions } from "../support/compare-versions.js";
import type { Platform } from "../manifest/manifest.js";
import type { OpenImage } from "./oci/image.js";
import { readLayer, type LayerEntry } from "./oci/layer-entries.js";
import { isTaken, readWhiteout } from "./oci/whiteouts.js";
import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import type { SystemNeeds } from "./subject.js";

/** What a base's layers hold, as far as it decides whether an environment runs on them. */
export interface BaseFacts {
  readonly libc: Platform["libc"];
  /** "2.36"; null: not glibc, or it does not tell. */
  readonly glibc: string | null;
  /** Names of the shared libraries in it. */
  readonly libraries: ReadonlySet<string>;
  /** What stands at the folders above the environment's place, and at it; absent: nothing. */
  readonly above: ReadonlyMap<string, LayerEntry["type"]>;
}

const GLIBC = /^libc(?:\.so\.6|-2\.\d+\.so)$/;
const MUSL = /^(?:ld-musl-[\w-]+\.so\.1|libc\.musl-[\w-]+\.so\.1)$/;
/** The run time of C++. Node.js 26 asks for libatomic as well, which smaller images do without. */
const OF_CXX = /^lib(?:stdc\+\+|gcc_s)\.so\.\d+$/;
const LIBRARY = /\.so(?:\.\d+)*$/;
const GLIBC_SAYS = /GNU C Library [^\n\0]{0,80}?stable release version (\d+\.\d+)/;
/** Bytes of a piece that are kept, for a sentence that reaches into the next. */
const KEPT = 256;

/**
 * Reads all layers of a base, each checked against its digests: what a later layer removes or replaces is gone.
 *
 * @param prefix where the environment will lie, absolute
 * @throws EnvpackError IMAGE_INVALID, IMAGE_BASE
 */
export async function readBase(base: OpenImage, prefix: string): Promise<BaseFacts> {
  const state = new BaseState(prefix, base.source.name);
  for (const [index, layer] of base.manifest.layers.entries()) {
    state.beginLayer();
    await readLayer(base.source, layer, base.config.rootfs.diff_ids[index] ?? "", (entry) => state.take(entry));
  }
  return state;
}

class BaseState implements BaseFacts {
  glibc: string | null = null;
  readonly #watched: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #from: string;
  /** Libraries, and what stands at watched places, by path; each with the layer that it came with. */
  readonly #found = new Map<string, { readonly type: LayerEntry["type"]; readonly layer: number }>();
  /** All folders above those. */
  readonly #folders = new Set<string>();
  #layer = 0;

  constructor(prefix: string, from: string) {
    this.#prefix = prefix.slice(1);
    this.#from = from;
    const parts = this.#prefix.split("/");
    this.#watched = new Set(parts.map((_, index) => parts.slice(0, index + 1).join("/")));
  }

  get above(): ReadonlyMap<string, LayerEntry["type"]> {
    return new Map([...this.#found].filter(([path]) => this.#watched.has(path)).map(([path, { type }]) => [path, type]));
  }

  get libraries(): ReadonlySet<string> {
    return new Set([...this.#found.keys()].filter((path) => !this.#watched.has(path)).map((path) => basename(path)));
  }

  get libc(): Platform["libc"] {
    const names = [...this.libraries];
    if (names.some((name) => GLIBC.test(name))) return "glibc";
    return names.some((name) => MUSL.test(name)) ? "musl" : null;
  }

  beginLayer(): void {
    this.#layer++;
  }

  take({ path, type }: LayerEntry): ((bytes: Buffer) => void) | null {
    if (path.split("/").includes(".."))
      throw new EnvpackError("IMAGE_INVALID", "not an image that can be used: a layer holds a path that leads out", {
        path: this.#from,
        hint: "do not use it",
      });
    const whiteout = readWhiteout(path);
    if (whiteout !== null) {
      for (const [at, { layer }] of this.#found) if (layer < this.#layer && isTaken(whiteout, at)) this.#found.delete(at);
      return null;
    }
    // Whatever is not a folder takes the place of what stood there, and of all below.
    if (type !== "directory" && this.#folders.has(path))
      for (const at of this.#found.keys()) if (at.startsWith(`${path}/`)) this.#found.delete(at);
    const name = basename(path);
    if (this.#watched.has(path)) this.#note(path, type);
    else if (path.startsWith(`${this.#prefix}/`)) this.#note(this.#prefix, "other");
    else if (type === "directory" || !LIBRARY.test(name)) this.#found.delete(path);
    else this.#note(path, type);
    return type === "file" && GLIBC.test(name) ? this.#readVersion() : null;
  }

  #note(path: string, type: LayerEntry["type"]): void {
    this.#found.set(path, { type, layer: this.#layer });
    for (let folder = dirname(path); folder !== "." && !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
  }

  #readVersion(): (bytes: Buffer) => void {
    let rest = "";
    return (bytes) => {
      const text = rest + bytes.toString("latin1");
      const version = GLIBC_SAYS.exec(text)?.[1];
      if (version !== undefined) this.glibc = version;
      rest = text.slice(-KEPT);
    };
  }
}

/**
 * Whether an environment runs on a base.
 *
 * @throws EnvpackError IMAGE_BASE
 */
export function checkBase(
  facts: BaseFacts,
  {
    platform,
    needs,
    prefix,
    name,
    ownNode,
  }: {
    readonly platform: Platform;
    readonly needs: SystemNeeds;
    readonly prefix: string;
    readonly name: string;
    readonly ownNode: boolean;
  },
): readonly Notice[] {
  const refuse = (why: string, hint: string): EnvpackError =>
    new EnvpackError("IMAGE_BASE", `the environment does not run on this base: ${why}`, { path: name, hint });
  const needed = describePlatform(platform, " or newer");
  if (platform.libc !== null && facts.libc !== platform.libc) {
    throw refuse(
      `it needs ${needed}, and the base has ${facts.libc ?? "no C library"}`,
      platform.libc === "musl"
        ? "name a base of Alpine, or pack with a node for glibc"
        : "name a base with glibc, as gcr.io/distroless/cc-debian12 or debian:12-slim",
    );
  }
  if (platform.glibc !== null && facts.glibc !== null && compareVersions(platform.glibc, facts.glibc) > 0) {
    throw refuse(`it needs ${needed}, and the base has glibc ${facts.glibc}`, "name a newer base, or pack on an older system");
  }
  const missing = (names: readonly string[]): string[] => names.filter((one) => !facts.libraries.has(one));
  if (ownNode && missing(needs.byNode).length > 0)
    throw refuse(
      `its node needs ${missing(needs.byNode).join(", ")}`,
      missing(needs.byNode).every((name) => OF_CXX.test(name))
        ? "name a base that has the run time of C++, as gcr.io/distroless/cc-debian12 or debian:12-slim"
        : "name a base that has all of them, as the image node:VERSION-slim of that Node.js, or take this machine's with --base none",
    );
  checkPlace(facts, prefix, refuse);
  const lacking = missing(needs.byAddons);
  const message = `native addons need libraries that the base has not: ${lacking.join(", ")}`;
  return lacking.length === 0 ? [] : [{ code: "NEEDS_LIBRARIES", message, path: name }];
}

/** A layer's folder in a link's place would take away what the link led to; what lies there already would be mixed with ours. */
function checkPlace({ above }: BaseFacts, prefix: string, refuse: (why: string, hint: string) => EnvpackError): void {
  const hint = "name another place with --prefix-in-image";
  for (const [path, type] of above) {
    if (type !== "directory") throw refuse(`it has something else than a folder at /${path}, or files below it`, hint);
    if (path === prefix.slice(1)) throw refuse(`it has a folder ${prefix} already`, hint);
  }
}
