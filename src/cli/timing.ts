import { onPhase } from "../support/phases.js";
import type { Session } from "./session.js";

/**
 * Under ENVPACK_TIMING=1 tells on stderr when each phase of packing or unpacking ended: seconds since the process began, and seconds of
 * all its processor time until then.
 */
export function tellTiming(session: Session): void {
  if (process.env.ENVPACK_TIMING !== "1") return;
  const tell = (what: string): void => {
    const { user, system } = process.cpuUsage();
    session.say(`timing: ${what.padEnd(16)} ${(performance.now() / 1000).toFixed(3)} s, CPU ${((user + system) / 1e6).toFixed(3)} s`);
  };
  tell("loaded");
  onPhase(tell);
}
