// The environment lies elsewhere: its package is found by name all the same.
import ms from "ms";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

for await (const line of createInterface({ input: process.stdin })) {
  await sleep(50);
  if (line === "CRASH") throw new Error("no such time");
  console.log(JSON.stringify({ line, ms: ms(line), exe: process.execPath, source: existsSync("@SOURCE@") }));
}
