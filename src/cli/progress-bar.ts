import type { Progress, ProgressListener, Stage } from "../support/progress.js";
import { escapeText } from "../support/unsafe-text.js";
import { formatClock } from "./quantities.js";
import { formatBytes, formatCount } from "../support/quantities.js";
import type { Session } from "./session.js";

const BAR_WIDTH = 24;
const LEAST_BAR = 6;
/** Milliseconds between two drawings, and of silence before the line says at least that something goes on. */
const REDRAW = 100;
const SILENCE = 800;
/** The stages whose progress counts bytes; the others count entries. */
const IN_BYTES: ReadonlySet<Stage> = new Set(["packing", "checking", "restoring", "sending"]);

/** What a progress line is drawn on. */
export interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * Runs work with a progress line on stderr: on a terminal only, and not under CI or `--quiet`. The
 * line is gone when the work is over, however it ended.
 */
export async function withProgress<T>(
  session: Session,
  quiet: boolean | undefined,
  work: (onProgress: ProgressListener | undefined, end: () => void) => Promise<T>,
): Promise<T> {
  if (quiet || !session.stderr.isTTY || process.env.CI) return work(undefined, () => undefined);
  const line = new ProgressLine(session.stderr, () => performance.now());
  const timer = setInterval(() => {
    line.draw();
  }, REDRAW).unref();
  session.interrupts.onStop = () => {
    line.stopping();
  };
  const end = (): void => {
    clearInterval(timer);
    session.interrupts.onStop = null;
    line.end();
  };
  try {
    return await work((report) => {
      line.note(report);
      // Work that keeps this thread busy leaves the timer no turn.
      line.draw();
    }, end);
  } finally {
    end();
  }
}

/**
 * The same for work that ends in a command of its own, which gets the terminal: the line is gone for
 * good once what is restored has been published.
 */
export function untilPublished(listener: ProgressListener | undefined, end: () => void): ProgressListener | undefined {
  if (listener === undefined) return undefined;
  return (report) => {
    listener(report);
    if (report.stage === "publishing" && report.done === report.total) end();
  };
}

/**
 * One line that is drawn again and again. The cursor is left at its beginning: a terminal that is made
 * narrower folds the line behind the cursor, and the next drawing clears all from there on.
 */
export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #meter: Meter;
  #drawnAt = -Infinity;
  #isDrawn = false;
  #isOver = false;

  /** @param now milliseconds of a clock that only runs forward */
  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
    this.#meter = new Meter(now());
  }

  note(report: Progress): void {
    this.#meter.note(report, this.#now());
  }

  /** Says that the work was asked to stop; nothing else is shown from then on. */
  stopping(): void {
    this.#meter.stop();
    this.#drawnAt = -Infinity;
    this.draw();
  }

  draw(): void {
    const now = this.#now();
    if (this.#isOver || now - this.#drawnAt < REDRAW) return;
    // The last column is left free: some terminals break the line already when it is filled.
    const text = this.#meter.line((this.#terminal.columns ?? 80) - 1, now);
    if (text === "") return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.#terminal.write(`\r\x1b[J${text}\r`);
  }

  end(): void {
    if (this.#isDrawn && !this.#isOver) this.#terminal.write("\r\x1b[J");
    this.#isOver = true;
  }
}

/** Turns progress reports into the text of the progress line. */
export class Meter {
  #latest: Progress | null = null;
  #stageBegan: number;
  #reported: number;
  #isStopping = false;

  /** @param began when the work began: milliseconds of a clock that only runs forward */
  constructor(began = 0) {
    this.#stageBegan = began;
    this.#reported = began;
  }

  note(report: Progress, now: number): void {
    if (report.stage !== this.#latest?.stage) this.#stageBegan = now;
    this.#latest = report;
    this.#reported = now;
  }

  stop(): void {
    this.#isStopping = true;
  }

  /** The line as it is now, in at most `width` columns: the bar is cut first, the share never. Empty where there is nothing to say yet. */
  line(width: number, now: number): string {
    if (this.#isStopping) return fit(["stopping …"], width);
    const clock = formatClock(Math.floor((now - this.#stageBegan) / 1000));
    if (this.#latest === null) return now - this.#stageBegan < SILENCE ? "" : fit(["reading", clock], width);
    const { stage, done, total, detail } = this.#latest;
    if (detail !== undefined) return fit([stage, escapeText(detail), clock], width);
    const format = IN_BYTES.has(stage) ? formatBytes : formatCount;
    const name = stage.padEnd(10);
    if (total === null || total === 0) return fit([`${name} ${format(done)}`, ...(now - this.#stageBegan < SILENCE ? [] : [clock])], width);
    const share = Math.min(1, done / total);
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
    const seconds = (this.#reported - this.#stageBegan) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const amount = `${format(done)} of ${format(total)}`;
    const speed =
      IN_BYTES.has(stage) && rate > 0 ? [`${formatBytes(Math.round(rate))}/s`, `${formatClock((total - done) / rate)} left`] : [];
    // From the richest to the barest.
    for (const tail of [[amount, ...speed], [amount, ...speed.slice(1)], speed.slice(1), []]) {
      const rest = [percent, ...tail].join("  ");
      const room = Math.min(BAR_WIDTH, width - name.length - rest.length - 4);
      if (room >= LEAST_BAR) return `${name} ${barOf(share, room)} ${rest}`;
    }
    return fit([stage, percent.trim()], width);
  }
}

function barOf(share: number, width: number): string {
  return `[${"#".repeat(Math.round(share * width)).padEnd(width, ".")}]`;
}

/** As much of it as fits, from the end: what stands there changes. */
function fit(parts: readonly string[], width: number): string {
  const whole = parts.join("  ");
  return whole.length <= width ? whole : (parts.at(-1) ?? "").slice(0, Math.max(0, width));
}
