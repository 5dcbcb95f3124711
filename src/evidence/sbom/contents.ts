import { posix } from "node:path";
import { splitZip } from "../../environment/pnp/location.js";
import type { Manifest } from "../../manifest/manifest.js";
import { TEXT_LIMIT } from "../../support/read-text.js";
import type { Component } from "./component.js";
import { readerOfRecord, type FindOrigin, type Origin } from "./install-record.js";
import { describeLibrary, isLibrary, readBuiltIn, VERSIONS_FILE } from "./libraries.js";
import { Links } from "./links.js";
import { readPackageFacts, type PackageFacts } from "./package-facts.js";
import { packagePlaces, placeOf } from "./package-places.js";
import type { PackedTree } from "./packed-tree.js";
import { isPnpState, readPnp, type FindByState } from "./plug-and-play.js";
import { isRuntimeHeader, type RuntimeFiles } from "./runtime.js";
import { readZipFile } from "./yarn-zip.js";
import { append } from "../../support/append.js";

/** Bytes of a library, a runtime or an archive of Yarn's cache, which is held in memory as a whole. */
const LARGEST = 512 << 20;

/** What is read of packed files, in one go. */
export class Contents {
  readonly links: Links;
  readonly places: ReadonlySet<string>;
  /** What the manifest says of packages, by arcpath. */
  readonly listed: ReadonlyMap<string, Manifest["packages"][number]>;
  /** Of package folders and the project's, by arcpath. */
  readonly facts = new Map<string, PackageFacts | "broken">();
  readonly libraries: Component[] = [];
  readonly builtIn: Component[] = [];
  readonly headers = new Map<string, string>();
  runtime: RuntimeFiles["binary"] | null = null;
  readonly #records: FindOrigin[] = [];
  readonly #states: FindByState[] = [];
  readonly #use = new Map<string, ((content: Buffer) => void)[]>();

  private constructor(tree: PackedTree, manifest: Manifest) {
    const { entries } = tree;
    this.links = new Links(entries);
    const paths = new Set(pathsOf(entries));
    this.places = packagePlaces(manifest, paths);
    this.listed = new Map(manifest.packages.map((one) => [placeOf(one, paths), one]));
    for (const folder of new Set([...this.places, ...manifest.resolveFrom])) this.#wantPackage(folder);
    for (const { path } of entries) this.#wantOther(path, manifest.manager?.name ?? null);
    if (manifest.runtime !== null) {
      for (const name of ["bin/node", "bin/node.exe", "node.exe"])
        if (this.links.file(name) !== null && this.runtime === null) this.#wantRuntime(name);
    }
  }

  static async read(tree: PackedTree, manifest: Manifest): Promise<Contents> {
    const contents = new Contents(tree, manifest);
    for await (const { path, content } of tree.read(new Set(contents.#use.keys())))
      for (const use of contents.#use.get(path) ?? []) use(content);
    return contents;
  }

  /** The package folders that a name leads to from a folder: as Node.js looks for it, else as Plug'n'Play does. */
  find(name: string, folder: string, isPackage: (found: string) => boolean): readonly string[] {
    const found = this.links.findPackage(name, folder, isPackage);
    return found === null ? this.#states.flatMap((find) => find(folder, name)).filter(isPackage) : [found];
  }

  originOf(folder: string, name: string, version: string): Origin | null {
    for (const find of this.#records) {
      const origin = find(folder, name, version);
      if (origin !== null) return origin;
    }
    return null;
  }

  #want(path: string, use: (content: Buffer) => void, limit = TEXT_LIMIT): void {
    const file = this.links.file(path);
    if (file === null || file.size > limit) return;
    this.#use.set(file.path, [...(this.#use.get(file.path) ?? []), use]);
  }

  #wantPackage(folder: string): void {
    const zip = splitZip(folder);
    const note = (content: Buffer | null): void => {
      if (content !== null) this.facts.set(folder, readPackageFacts(content) ?? "broken");
    };
    if (zip !== null && this.links.file(zip.zip) !== null) {
      this.#want(
        zip.zip,
        (content) => {
          note(readZipFile(content, `${zip.inside}/package.json`));
        },
        LARGEST,
      );
      return;
    }
    this.#want(posix.join(folder, "package.json"), note);
    this.#want(posix.join(folder, VERSIONS_FILE), (content) => {
      append(this.builtIn, this.#hasLibrary(folder) ? readBuiltIn(folder, content) : []);
    });
  }

  #wantOther(path: string, manager: string | null): void {
    const read = readerOfRecord(path, manager);
    if (read !== null)
      this.#want(
        path,
        (content) => {
          this.#records.push(read(path, content));
        },
        LARGEST,
      );
    else if (isPnpState(path))
      this.#want(
        path,
        (content) => {
          const find = readPnp(path, content);
          if (find !== null) this.#states.push(find);
        },
        LARGEST,
      );
    else if (isRuntimeHeader(path))
      this.#want(path, (content) => {
        this.headers.set(path, content.toString("latin1"));
      });
    else if (isLibrary(path) && this.links.file(path)?.path === path)
      this.#want(
        path,
        (content) => {
          this.libraries.push(describeLibrary(path, content));
        },
        LARGEST,
      );
  }

  #wantRuntime(name: string): void {
    this.#want(
      name,
      (content) => {
        this.runtime ??= { path: name, content };
      },
      LARGEST,
    );
  }

  #hasLibrary(folder: string): boolean {
    return [...this.#use.keys()].some((path) => path.startsWith(`${folder}/`) && isLibrary(path));
  }
}

function* pathsOf(entries: PackedTree["entries"]): Generator<string> {
  for (const { type, path } of entries) if (type === "file" || type === "hardlink") yield path;
}
