import { expect, test } from "vitest";
import { pack } from "../../src/index.js";
import { isPair, isPort, isSignal } from "../../src/verbs/image/words.js";

test.each(["SIGINT", "int", "TERM", "2", "64", "SIGRTMIN+3", "RTMAX-1", "SIGRTMIN", "PWR"])("%s ends a container", (word) => {
  expect(isSignal(word)).toBe(true);
});

test.each(["FOO", "", "0", "65", "SIGSIGINT", "SIGRTMIN-1", "__proto__", "SIGKILL "])("%j is no signal", (word) => {
  expect(isSignal(word)).toBe(false);
});

test("ports and pairs are told from other words", () => {
  expect(["80", "53/udp", "1/sctp", "0", "65536", "80/http", "http"].map(isPort)).toEqual([true, true, true, false, false, false, false]);
  expect(["A=1", "A=", "a b=c", "=1", "A", " =1"].map(isPair)).toEqual([true, true, true, false, false, false]);
});

test.each<[string, object]>([
  ["health", { health: [] }],
  ["stopSignal", { stopSignal: "FOO" }],
  ["ports", { ports: ["http"] }],
  ["env", { env: ["A"] }],
  ["labels", { labels: ["=b"] }],
])("the option image.%s is looked at before anything is made", async (name, image) => {
  await expect(pack({ image })).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining(`image.${name}`) });
});
