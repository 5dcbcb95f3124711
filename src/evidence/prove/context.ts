import type { InsideCommand, Sandbox } from "./sandbox/sandbox.js";
import type { Ended, Limits } from "./start-limited.js";
import type { Subject } from "./subject.js";
import type { ReasonContext } from "./trials/reason.js";

/** Starts a command, and waits until it ends or is ended. */
export type Start = (command: InsideCommand, limits?: Partial<Limits>) => Promise<Ended>;

/** What all trials of a run share. */
export interface TrialContext {
  readonly subject: Subject;
  readonly sandbox: Sandbox;
  /** Variables of a worker's: cleared, but for what its conditions set. */
  readonly bare: Readonly<Record<string, string>>;
  /** The same in an activated shell. */
  readonly activated: Readonly<Record<string, string>>;
  /** The environment as it is reached: its place, or a link's. */
  readonly reached: string;
  /** The node that runs it, as seen from inside. */
  readonly node: string;
  readonly seconds: number;
  readonly reason: ReasonContext;
  readonly start: Start;
  /** The environment where it was made; null: it is not there. */
  readonly atSource: SourceContext | null;
  /** Notes what was loaded, as seen from inside. */
  readonly noteLoaded: (files: readonly string[]) => void;
}

/** Where the same is done at the source: on this machine itself, with this user's variables and no network. */
export interface SourceContext {
  readonly start: Start;
  readonly node: string;
  /** The project's folder: of a workspace's member, the member's; or the prefix. */
  readonly folder: string;
  /** Where its commands lie, the nearest first. */
  readonly bins: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The source's path of what has an arcpath; null: it did not come from there. */
  readonly pathOf: (arcpath: string) => string | null;
}
