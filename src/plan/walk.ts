import { setImmediate } from "node:timers/promises";
import type { PlannedEntry } from "../archive/entry.js";
import { FRAME_MAX } from "../archive/frame.js";
import { findPathFault } from "../archive/path-rules.js";
import { EnvpackError } from "../support/errors.js";
import { listFolder } from "../listing/list-folder.js";
import { ListedFolder, type SourceRoot } from "../listing/listed-folder.js";
import type { LeftOutReason } from "./plan.js";
import { NOTHING_DECIDED, type Decision, type Standing } from "./selection.js";
import type { Candidate } from "./candidate.js";
import { holdsTwins } from "./collisions.js";
import { isOrdinaryName } from "./ordinary-name.js";
import { BEYOND } from "./scope.js";
import { isSearched } from "./secret-search.js";
import {
  checkName,
  checkTarget,
  isPlainStart,
  isReadByAll,
  readTarget,
  refuseName,
  refuseSpecial,
  refuseUnreadable,
  unreadable,
} from "./source.js";
import type { WalkRequest, WalkResult } from "./walk-result.js";
import { dropEmptied, type Count, type Folder, type Found, type Open } from "./walked-folder.js";

/** Folders between two looks at the signal: a few milliseconds of work. */
const SLICE = 64;

/**
 * Walks the environment's folder. Nothing is followed: links stay links, so loops end. Sockets, fifos and
 * devices are refused without being opened. Between slices the signal is looked at.
 *
 * A folder that was empty stays. A folder whose whole content is left out stays too (a program may
 * want to write there), unless all of it went as development packages, leftovers of builds or
 * what is no part of a workspace's member.
 */
export async function walkEnvironment(request: WalkRequest): Promise<WalkResult> {
  const walk = new Walk(request);
  for (let folders = 0; walk.next(); folders++) {
    if (folders % SLICE !== 0) continue;
    await setImmediate();
    if (request.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    request.onEntries?.(walk.entryCount);
  }
  return walk.finish();
}

const NOTHING_LISTED = new ListedFolder("", new Float64Array(), 0);

class Walk {
  readonly #request: WalkRequest;
  readonly #entries: PlannedEntry[] = [];
  readonly #counts: Count[] = [];
  readonly #secrets: string[] = [];
  readonly #inodes = new Map<string, string>();
  readonly #folders: Folder[] = [];
  /** From the root down to the folder that is being walked. */
  readonly #open: Open[] = [];
  readonly #special: PlannedEntry[] = [];
  #twins = false;

  /** Kept by every file: so not the request, which holds more. */
  readonly #place: SourceRoot;

  constructor(request: WalkRequest) {
    this.#request = request;
    this.#place = { root: request.root, arcpath: request.arcpath };
    const root = this.#openFolder("", null, NOTHING_DECIDED, null);
    if (request.arcpath !== "") this.#entries.push({ type: "directory", path: request.arcpath });
    root.planned = true;
    this.#enter(root);
  }

  get entryCount(): number {
    return this.#entries.length;
  }

  /**
   * Walks to where the content of the next folder begins; false when there is none left. In the archive's order: what a
   * folder holds comes where its name and "/" stand among the names beside it, which is behind `name-x` and `name.x`. A
   * list that comes in order is sorted in no time.
   */
  next(): boolean {
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      const child = this.#walkNames(open);
      if (child !== undefined) {
        this.#enter(child);
        return true;
      }
      this.#open.pop();
    }
    return false;
  }

  /** Visits names of a folder until it is the turn of a folder's content; undefined: all were visited. */
  #walkNames(open: Open): Folder | undefined {
    const { folder, listed, names, waiting } = open;
    const isQuick = this.#request.selection.keepsOrdinary(folder.path, folder.standing);
    const start = `${this.#arcpathOf(folder.path)}/`;
    // An ordinary name is a plain one: no list of a system has one that is longer.
    const isPlain = isPlainStart(start);
    for (; open.index < names.length; open.index++) {
      const { index } = open;
      const name = names[index] as string;
      const child = waiting.at(-1);
      if (child !== undefined && child.start < name) return waiting.pop();
      const found = { name, listed, index };
      if (!isQuick || listed.kind(index) !== "file" || !isOrdinaryName(name)) this.#visit(folder, found);
      // Not a sum: of that V8 keeps the parts, beside the whole once somebody reads it.
      else this.#keepFile(folder, [start, name].join(""), found, isPlain);
    }
    return waiting.pop();
  }

  #enter(folder: Folder): void {
    const listed = folder.listed ?? this.#list(folder.path, folder.standing.drop !== null, folder.count);
    folder.listed = null;
    this.#twins ||= holdsTwins(listed);
    this.#open.push({ folder, listed, names: listed.names, index: 0, waiting: [] });
  }

  /** A file that nothing has to be decided about. */
  #keepFile(folder: Folder, arcpath: string, found: Found, isPlain: boolean): void {
    if (!isPlain) checkName(arcpath, found.name, this.#fileOf(folder, found.name));
    if (!folder.planned) this.#planFolders(folder);
    folder.kept++;
    this.#planFile(arcpath, folder, found);
  }

  finish(): WalkResult {
    const emptied = dropEmptied(this.#folders, (path) => this.#arcpathOf(path));
    return {
      entries: emptied.size === 0 ? this.#entries : this.#entries.filter(({ path }) => !emptied.has(path)),
      leftOut: this.#counts,
      includedSecrets: this.#secrets.sort(),
      inodes: this.#inodes,
      twins: this.#twins,
      special: this.#special,
    };
  }

  #visit(folder: Folder, found: Found): void {
    const { name, listed, index } = found;
    const path = folder.path === "" ? name : `${folder.path}/${name}`;
    const file = this.#fileOf(folder, name);
    if (name.includes("\ufffd")) {
      this.#visitGarbled(folder, path, name, file);
      return;
    }
    const type = listed.kind(index);
    let content: ListedFolder | null = null;
    const candidate: Candidate = {
      path,
      name,
      file,
      type,
      target: type === "symlink" ? readTarget(file) : null,
      names: () => {
        content ??= this.#peek(path);
        return content?.names ?? [];
      },
    };
    const decision = this.#request.selection.decide(candidate, folder.standing);
    if (decision.drop !== null) this.#leaveOut(folder, candidate, decision, found);
    else this.#keep(folder, candidate, decision, found, content);
  }

  /**
   * A name whose bytes are no UTF-8 was read with U+FFFD in their place, by which the system
   * does not find it: it is left out where that was asked for, else refused.
   */
  #visitGarbled(folder: Folder, path: string, name: string, file: string): void {
    const candidate: Candidate = { path, name, file, type: "special", target: null, names: () => [] };
    const { drop } = this.#request.selection.decide(candidate, folder.standing);
    if (drop === null) {
      refuseName(findPathFault(this.#arcpathOf(path), "linux"), file);
      return;
    }
    const count = folder.count ?? this.#openCount(path, drop.reason, drop.kind);
    // Whether it is a file, and how large, cannot be asked.
    Object.assign(count, { files: null, bytes: null });
  }

  #keep(folder: Folder, candidate: Candidate, decision: Decision, found: Found, content: ListedFolder | null): void {
    const { path, name, file, type, target } = candidate;
    const arcpath = this.#arcpathOf(path);
    checkName(arcpath, name, file);
    this.#planFolders(folder);
    folder.kept++;
    if (decision.exempt) this.#noteSecret(arcpath, path, name, folder.standing);
    if (type === "folder") {
      const child = this.#openFolder(path, folder, decision, null);
      child.listed = content;
      this.#plan(child);
    } else if (type === "symlink") {
      this.#entries.push({ type: "symlink", path: arcpath, target: checkTarget(target ?? "", file) });
    } else if (type === "file") {
      this.#special.push(this.#planFile(arcpath, folder, found));
    } else {
      refuseSpecial(found.listed.mode(found.index), file);
    }
  }

  #planFile(arcpath: string, folder: Folder, { name, listed, index }: Found): PlannedEntry {
    const mode = listed.mode(index);
    // Of most it tells: then nobody has to know where the file lies.
    if (!isReadByAll(mode)) refuseUnreadable(mode, this.#fileOf(folder, name));
    const entry = listed.file(index, this.#place, arcpath);
    this.#entries.push(entry);
    const inode = listed.sharedInode(index);
    if (inode !== null) this.#inodes.set(arcpath, inode);
    if (entry.size > FRAME_MAX) this.#request.onLarge?.(entry);
    return entry;
  }

  #leaveOut(folder: Folder, candidate: Candidate, decision: Decision, { listed, index }: Found): void {
    const { drop } = decision;
    if (drop === null) return;
    folder.lost.add(drop.reason);
    if (drop === BEYOND) return;
    const isFolder = candidate.type === "folder";
    const count = folder.count ?? this.#openCount(candidate.path, drop.reason, drop.kind);
    if (!isFolder) {
      if (count.files !== null) count.files++;
      if (count.bytes !== null && candidate.type === "file") count.bytes += listed.size(index);
      return;
    }
    const closed = decision.closed || !this.#request.selection.mayInclude;
    this.#openFolder(candidate.path, folder, { ...decision, closed }, count);
  }

  #openCount(path: string, reason: LeftOutReason, kind: string): Count {
    const count = { path: this.#arcpathOf(path), reason, kind, files: 0, bytes: 0 };
    this.#counts.push(count);
    return count;
  }

  #openFolder(path: string, parent: Folder | null, standing: Standing, count: Count | null): Folder {
    const start = `${path.slice(path.lastIndexOf("/") + 1)}/`;
    const folder = { path, start, parent, standing, count, planned: false, kept: 0, lost: new Set<LeftOutReason>(), listed: null };
    this.#folders.push(folder);
    this.#open.at(-1)?.waiting.push(folder);
    return folder;
  }

  /** Something below a left-out folder came back: so do the folders on the way to it. */
  #planFolders(folder: Folder): void {
    for (let at: Folder | null = folder; at !== null && !at.planned; at = at.parent) {
      if (at.parent !== null) at.parent.kept++;
      this.#plan(at);
    }
  }

  #plan(folder: Folder): void {
    const arcpath = this.#arcpathOf(folder.path);
    this.#entries.push({ type: "directory", path: arcpath });
    Object.assign(folder, { planned: true });
  }

  #noteSecret(arcpath: string, path: string, name: string, parent: Standing): void {
    if (!parent.secretsAllowed || isSearched(path, name)) this.#secrets.push(arcpath);
  }

  /** Absolute. */
  #fileOf({ path }: Folder, name: string): string {
    const { root } = this.#request;
    return path === "" ? `${root}/${name}` : `${root}/${path}/${name}`;
  }

  #arcpathOf(path: string): string {
    const { arcpath } = this.#request;
    return arcpath === "" || path === "" ? arcpath + path : `${arcpath}/${path}`;
  }

  /**
   * What cannot be listed or asked about stops the packing, unless it stays behind anyway.
   *
   * @param path relative to the root
   */
  #list(path: string, isDropped: boolean, count: Count | null = null): ListedFolder {
    const { root, listing } = this.#request;
    const listed = listing?.folder(path) ?? null;
    if (listed !== null) return listed;
    const folder = path === "" ? root : `${root}/${path}`;
    try {
      return listFolder(folder, (error, file) => {
        if (!isDropped) throw unreadable(error, file);
      });
    } catch (error) {
      if (!isDropped) throw unreadable(error, folder);
      if (count !== null) Object.assign(count, { files: null, bytes: null });
      return NOTHING_LISTED;
    }
  }

  /** A folder of which nothing is decided yet; null where it cannot be listed: whoever keeps it is told. */
  #peek(path: string): ListedFolder | null {
    try {
      return this.#list(path, false);
    } catch {
      return null;
    }
  }
}
