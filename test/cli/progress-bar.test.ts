import { describe, expect, test } from "vitest";
import { Meter, ProgressLine } from "../../src/cli/progress-bar.js";

const MB = 1e6;

describe("the text of the line", () => {
  test("bytes are shown with share, rate and time left", () => {
    const meter = new Meter();
    meter.note({ stage: "packing", done: 0, total: 100 * MB }, 1000);
    meter.note({ stage: "packing", done: 25 * MB, total: 100 * MB }, 2000);
    expect(meter.line(120, 2000)).toBe("packing    [######..................]  25 %  25.0 MB of 100.0 MB  25.0 MB/s  0:03 left");
  });

  test("while the total is unknown the count alone is shown, and after a moment for how long", () => {
    const meter = new Meter();
    meter.note({ stage: "planning", done: 12345, total: null }, 0);
    expect(meter.line(80, 0)).toBe("planning   12,345");
    expect(meter.line(80, 7000)).toBe("planning   12,345  0:07");
  });

  test("N6: before the first report, a silence of a second says that something goes on", () => {
    const meter = new Meter(5000);
    expect(meter.line(80, 5500)).toBe("");
    expect(meter.line(80, 8000)).toBe("reading  0:03");
  });

  test("a new stage measures its own rate", () => {
    const meter = new Meter();
    meter.note({ stage: "packing", done: 100 * MB, total: 100 * MB }, 50_000);
    meter.note({ stage: "restoring", done: 0, total: 10 * MB }, 50_000);
    meter.note({ stage: "restoring", done: 5 * MB, total: 10 * MB }, 51_000);
    expect(meter.line(120, 51_000)).toContain("5.0 MB/s  0:01 left");
  });

  test("more done than promised stays at the end of the bar", () => {
    const meter = new Meter();
    meter.note({ stage: "planning", done: 11, total: 10 }, 0);
    expect(meter.line(80, 0)).toContain("[########################] 100 %");
  });

  test("N6: at any width the line fits, and says the share", () => {
    const meter = new Meter();
    meter.note({ stage: "restoring", done: 0, total: 1234 * MB }, 0);
    meter.note({ stage: "restoring", done: 456 * MB, total: 1234 * MB }, 60_000);
    for (let width = 14; width <= 130; width++) {
      const line = meter.line(width, 60_000);
      expect(line.length).toBeLessThanOrEqual(width);
      expect(line).toContain("36 %");
    }
    expect(meter.line(39, 60_000)).toBe("restoring  [###......]  36 %  1:43 left");
  });

  test("N6: after a first Ctrl-C it says that it is stopping, and nothing else", () => {
    const meter = new Meter();
    meter.stop();
    meter.note({ stage: "restoring", done: 4, total: 10 }, 10);
    expect(meter.line(80, 20)).toBe("stopping …");
  });
});

/** A terminal that folds lines behind the cursor when it is made narrower, as those of desktops do. */
class FoldingTerminal {
  columns: number;
  rows: string[] = [""];
  row = 0;
  column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(/\x1b\[J|\r|\n|[^]/g)) {
      if (token === "\r") this.column = 0;
      else if (token === "\x1b[J") {
        this.rows.length = this.row + 1;
        this.rows[this.row] = (this.rows[this.row] ?? "").slice(0, this.column);
      } else {
        this.rows[this.row] = (this.rows[this.row] ?? "").slice(0, this.column).padEnd(this.column) + token;
        this.column++;
      }
    }
  }

  /** The line that the cursor is in is the last one, and longer than the window becomes. */
  narrow(columns: number): void {
    const line = this.rows[this.row] ?? "";
    const folded = line.match(new RegExp(`.{1,${columns}}`, "g")) ?? [""];
    this.rows.splice(this.row, 1, ...folded);
    this.columns = columns;
  }
}

describe("the line on a terminal", () => {
  test("N6: a window that becomes narrower keeps no litter", () => {
    const terminal = new FoldingTerminal(100);
    let now = 0;
    const line = new ProgressLine(terminal, () => now);
    const report = (done: number): void => {
      now += 1000;
      line.note({ stage: "packing", done: done * MB, total: 100 * MB });
      line.draw();
    };
    report(0);
    report(30);
    expect(terminal.rows[0]?.length).toBeGreaterThan(60);
    terminal.narrow(40);
    expect(terminal.rows.length).toBeGreaterThan(1);
    report(40);
    expect(terminal.rows).toEqual([expect.stringMatching(/^packing +\[#+\.+\] +40 %/)]);
    terminal.narrow(20);
    line.end();
    expect(terminal.rows).toEqual([""]);
  });

  test("it is drawn ten times a second at most, and not at all once it has ended", () => {
    const written: string[] = [];
    let now = 0;
    const line = new ProgressLine({ columns: 80, write: (text) => written.push(text) }, () => now);
    for (; now < 1000; now += 10) {
      line.note({ stage: "packing", done: now, total: 1000 });
      line.draw();
    }
    expect(written.length).toBeLessThanOrEqual(11);
    line.end();
    const count = written.length;
    line.stopping();
    line.end();
    expect(written.length).toBe(count);
  });
});
