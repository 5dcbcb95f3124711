import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

/** What a page says of itself, and how it is used. */
export interface Page {
  /** The value of an expression in the page, by way of JSON. */
  evaluate<T>(expression: string): Promise<T>;
  press(key: string): Promise<void>;
  /** A picture of what is seen, as PNG. */
  picture(): Promise<Buffer>;
  resize(width: number, height: number): Promise<void>;
  /** "light" or "dark", as a user's system says it. */
  prefer(scheme: string): Promise<void>;
  /** Roles and names of all that is told to those who do not see. */
  accessible(): Promise<{ readonly role: string; readonly name: string }[]>;
  /** What the page asked for, by address, and what the browser complained about. */
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

type Message = Readonly<Record<string, unknown>> & { readonly id?: number; readonly method?: string };

/** Opens a file in a headless Chromium, driven by the DevTools protocol over two pipes (descriptors 3 and 4). */
export async function openPage(file: string, profile: string): Promise<Page> {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "--no-first-run"];
  const child = spawn("chromium", [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((settle) => {
    child.once("close", () => {
      settle();
    });
  });
  const [to, from] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, { done: (value: Message) => void; fail: (error: Error) => void }>();
  const requests: string[] = [];
  const complaints: string[] = [];
  let loaded: () => void = () => undefined;
  const note = (message: Message): void => {
    const params = message.params as { request?: { url: string }; entry?: { text: string }; exceptionDetails?: { text: string } };
    if (message.method === "Network.requestWillBeSent") requests.push(params.request?.url ?? "");
    if (message.method === "Log.entryAdded") complaints.push(params.entry?.text ?? "");
    if (message.method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails?.text ?? "");
    if (message.method === "Page.loadEventFired") loaded();
  };
  const take = (message: Message): void => {
    if (message.id === undefined) return note(message);
    const { done, fail } = waiting.get(message.id) ?? {};
    if (message.error === undefined) done?.(message.result as Message);
    else fail?.(new Error(JSON.stringify(message.error)));
  };
  readMessages(from, take);
  let last = 0;
  let session: string | undefined;
  const ask = (method: string, params: object = {}): Promise<Message> =>
    new Promise((done, fail) => {
      waiting.set(++last, { done, fail });
      to.write(`${JSON.stringify({ id: last, method, params, sessionId: session })}\0`);
    });
  const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
  session = String((await ask("Target.attachToTarget", { targetId, flatten: true })).sessionId);
  for (const domain of ["Page", "Network", "Log", "Runtime", "Accessibility"]) await ask(`${domain}.enable`);
  const isLoaded = new Promise<void>((settle) => {
    loaded = settle;
  });
  await ask("Page.navigate", { url: pathToFileURL(file).href });
  await isLoaded;
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  };
  return {
    requests,
    complaints,
    evaluate,
    press: async (key) => {
      const text = key === "Enter" ? { text: "\r", windowsVirtualKeyCode: 13 } : {};
      await ask("Input.dispatchKeyEvent", { type: "keyDown", key, code: key, ...text });
      await ask("Input.dispatchKeyEvent", { type: "keyUp", key, code: key });
    },
    picture: async () => Buffer.from(String((await ask("Page.captureScreenshot", { format: "png" })).data), "base64"),
    resize: async (width, height) => {
      await ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
      // The map is drawn again in the frame after.
      await evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done)))).then(() => 1)",
      );
    },
    prefer: async (scheme) => {
      await ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    },
    accessible: async () => {
      const { nodes } = (await ask("Accessibility.getFullAXTree")) as unknown as {
        readonly nodes: readonly { readonly role?: { readonly value: string }; readonly name?: { readonly value: string } }[];
      };
      return nodes.map(({ role, name }) => ({ role: role?.value ?? "", name: name?.value ?? "" }));
    },
    close: async () => {
      session = undefined;
      await ask("Browser.close").catch(() => undefined);
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Each message ends with a NUL. */
function readMessages(from: Readable, take: (message: Message) => void): void {
  let rest = "";
  from.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\0");
    rest = parts.pop() ?? "";
    for (const part of parts) take(JSON.parse(part) as Message);
  });
}
