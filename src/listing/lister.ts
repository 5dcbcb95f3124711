import { setImmediate } from "node:timers/promises";
import { Listing } from "./listing.js";
import { TreeWalker, type FoundFolder, type ListedPart } from "./tree-walker.js";
import { append } from "../support/append.js";

/** A tree that several threads list, each the folder that comes next. */
export interface ListTask {
  readonly root: string;
  /** Relative to the root. */
  readonly folders: readonly string[];
  /** One number, shared: how many of the folders were taken. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** Enough that the threads end at about the same time; most packages of a project. */
const FOLDERS = 512;
/** Folders between two looks at the event loop: a few milliseconds of work. */
const SLICE = 64;

/** Takes folders of a task until there is none left. */
export function walkerOf({ root, folders, taken }: ListTask): TreeWalker {
  return new TreeWalker(root, () => folders[Atomics.add(taken, 0, 1)] ?? null);
}

/**
 * Lists the environment's tree while it is being read. Listing and lstat take longer than all else that
 * comes before packing, and the threads that will pack have nothing to do yet.
 */
export class Lister {
  readonly #share: (task: ListTask) => readonly Promise<ListedPart>[];
  #root: string | null = null;
  #work: (() => Promise<Listing>) | null = null;
  #listing: Promise<Listing> | null = null;

  /** @param share hands a task to each thread; not called for a tree so small that it is listed here */
  constructor(share: (task: ListTask) => readonly Promise<ListedPart>[]) {
    this.#share = share;
  }

  /** Begins with a tree. Its first folders are listed here, so that the threads have some to share. */
  start(root: string): void {
    const top = [""];
    const walker = new TreeWalker(root, () => top.pop() ?? null);
    const pending: FoundFolder[] = [{ path: "", bytes: 0 }];
    while (pending.length > 0 && pending.length < FOLDERS) {
      top.push(pending.shift()?.path ?? "");
      walker.step();
      append(pending, walker.takePending());
    }
    // The largest first: half of a tree's files may lie in one folder, and whoever comes to it last lists it while the others wait.
    pending.sort((a, b) => b.bytes - a.bytes);
    const task: ListTask = { root, folders: pending.map(({ path }) => path), taken: new Int32Array(new SharedArrayBuffer(4)) };
    const parts = pending.length === 0 ? [] : this.#share(task);
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    // Who waits for them is told; nobody does where reading the environment fails.
    for (const part of parts) part.catch(end);
    this.#root = root;
    this.#work = async () => new Listing(root, [walker.finish(), await help(task, () => isOver), ...(await Promise.all(parts))]);
  }

  /** The tree, once it is listed whole; null where another one was, or none. */
  async listing(root: string): Promise<Listing | null> {
    if (root !== this.#root || this.#work === null) return null;
    return (this.#listing ??= this.#work());
  }
}

/** This thread has nothing else to do. */
async function help(task: ListTask, isOver: () => boolean): Promise<ListedPart> {
  const walker = walkerOf(task);
  for (let folders = 1; !isOver() && walker.step(); folders++) if (folders % SLICE === 0) await setImmediate();
  return walker.finish();
}
