import { channel } from "node:diagnostics_channel";

/** What packing has behind it, in this order; unpacking has its index read, its last frame, and is committed. */
export type Phase = "environment read" | "listed" | "planned" | "prepared" | "first frame" | "index read" | "last frame" | "committed";

/** Costs nothing while nobody listens, and keeps nothing. */
const CHANNEL = channel("envpack:phase");

/** Tells whoever listens that a phase is over. */
export function endPhase(phase: Phase): void {
  if (CHANNEL.hasSubscribers) CHANNEL.publish(phase);
}

/** Has a listener told of the end of each phase, in this thread, for as long as the process runs. */
export function onPhase(listener: (phase: Phase) => void): void {
  CHANNEL.subscribe((phase) => {
    listener(phase as Phase);
  });
}
