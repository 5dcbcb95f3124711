import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** How a program ended. */
export interface Started {
  /** null: it did not start, or a signal or the time limit ended it. */
  readonly status: number | null;
  readonly output: string;
}

/** Milliseconds. What is started here answers in a tenth of a second. */
const PATIENCE = 20_000;

/** Runs a program and takes what it says, on both streams; never throws. */
export async function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, [...args], {
      env,
      timeout: PATIENCE,
      maxBuffer: 1 << 22,
      windowsHide: true,
    });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = "", stderr = "", message } = error as { code?: unknown; stdout?: string; stderr?: string; message: string };
    return { status: typeof code === "number" ? code : null, output: stdout + stderr || message };
  }
}

/** The first line of an output that says something, for a message. */
export function firstLine(output: string): string {
  return (
    output
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? "nothing was said"
  );
}
