import { vi } from "vitest";
import { main } from "../../src/cli/main.js";

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process, and catches what it writes. */
export async function runMain(...args: readonly string[]): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const catchWrites = (name: "stdout" | "stderr"): { mockRestore: () => void } =>
    vi.spyOn(process[name], "write").mockImplementation((chunk: Uint8Array | string, ...rest: unknown[]) => {
      written[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      const done = rest.find((one) => typeof one === "function") as ((error?: Error | null) => void) | undefined;
      done?.(null);
      return true;
    });
  // Each run listens on the streams, which outlive it here.
  for (const name of ["stdout", "stderr"] as const) process[name].setMaxListeners(0);
  const spies = [catchWrites("stdout"), catchWrites("stderr")];
  try {
    const status = await main(args);
    return { status, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
