import type { SingleBar } from "cli-progress";
import type { Progress, ProgressListener, Stage } from "../progress.js";
import { formatBytes, formatClock, formatCount } from "./quantities.js";
import type { Session } from "./session.js";

const BAR_WIDTH = 24;
/** The stages whose progress counts bytes; the others count entries. */
const IN_BYTES: ReadonlySet<Stage> = new Set(["packing", "checking", "restoring"]);

/**
 * Runs work with a progress line on stderr: on a terminal only, and not under CI or `--quiet`. The
 * line is gone when the work is over, however it ended.
 */
export async function withProgress<T>(
  session: Session,
  quiet: boolean | undefined,
  work: (onProgress: ProgressListener | undefined) => Promise<T>,
): Promise<T> {
  if (quiet || !session.stderr.isTTY || process.env.CI) return work(undefined);
  const { default: progress } = await import("cli-progress");
  const meter = new Meter();
  const bar: SingleBar = new progress.SingleBar({
    stream: session.stderr,
    format: () => meter.line(),
    clearOnComplete: true,
    forceRedraw: true,
  });
  bar.start(1, 0);
  try {
    return await work((report) => {
      meter.note(report, performance.now());
    });
  } finally {
    bar.stop();
  }
}

/** Turns progress reports into the text of the progress line. */
export class Meter {
  #latest: Progress | null = null;
  #stageBegan = 0;
  #now = 0;

  /** @param now milliseconds of a clock that only runs forward */
  note(report: Progress, now: number): void {
    if (report.stage !== this.#latest?.stage) this.#stageBegan = now;
    this.#latest = report;
    this.#now = now;
  }

  line(): string {
    if (this.#latest === null) return "";
    const { stage, done, total } = this.#latest;
    const format = IN_BYTES.has(stage) ? formatBytes : formatCount;
    const seconds = (this.#now - this.#stageBegan) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const name = stage.padEnd(10);
    if (total === null || total === 0) return `${name} ${format(done)}`;
    const share = Math.min(1, done / total);
    const filled = Math.round(share * BAR_WIDTH);
    const parts = [`${name} [${"#".repeat(filled).padEnd(BAR_WIDTH, ".")}] ${String(Math.floor(share * 100)).padStart(3)} %`];
    parts.push(`${format(done)} of ${format(total)}`);
    if (IN_BYTES.has(stage) && rate > 0) parts.push(`${formatBytes(Math.round(rate))}/s`, `${formatClock((total - done) / rate)} left`);
    return parts.join("  ");
  }
}
