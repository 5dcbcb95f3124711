import type { Conditions } from "../conditions.js";
import type { RootFs } from "./root-fs.js";

export type SandboxKind = "bubblewrap" | "unshare" | "none";

/** A command as it is seen from inside. */
export interface InsideCommand {
  /** The program and its arguments; a program without a slash is looked up on PATH. */
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A command that this machine can start. */
export interface Line {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The ids to take before it starts; absent: this process's. */
  readonly ids?: { readonly uid: number; readonly gid: number };
  /** A variable's value by which its processes are found, where nothing else holds them together. */
  readonly mark?: string;
}

/** What is to be seen inside, whatever the sandbox is made with. */
export interface View {
  readonly conditions: Conditions;
  readonly rootFs: RootFs;
  /** The environment's folder on this machine, and where it stands inside: read-only. */
  readonly tree: string;
  readonly place: string;
  /** A folder of the proof's own on this machine: scripts, passwd. */
  readonly work: string;
  /** Where a script that lies elsewhere stands: on this machine, and inside; read-only. */
  readonly job: string;
  readonly jobPlace: string;
}

/** A place that is as far from this machine as can be had here. */
export interface Sandbox {
  readonly kind: SandboxKind;
  /** Where the environment stands, and the folder of a script elsewhere. */
  readonly place: string;
  readonly jobPlace: string;
  /** What is not there inside, or cannot be done; a few words each. */
  readonly hidden: readonly string[];
  /** What should not be there, and could not be hidden. */
  readonly visible: readonly string[];
  readonly wrap: (command: InsideCommand) => Line;
}

/** Where things stand inside: no folder of any system is called like this, and the depth is no origin's. */
export const PLACES = { tree: "/worker/local/filecache/17/env", job: "/worker/local/job", alias: "/worker/local/container" } as const;
