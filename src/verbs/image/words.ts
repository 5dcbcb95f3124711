import { formatOfName } from "../../archive/formats.js";

/** Names of images may stand in one word, with commas between them. One that is empty stays, to be told: a variable may be unset. */
export function formatNames(names: readonly string[]): string[] {
  return names.flatMap((name) => name.split(",")).map((name) => name.trim());
}

/** Whether an output is an image's layout, which may be a folder and be named as one. */
export function isLayoutName(output: unknown): boolean {
  return typeof output === "string" && formatOfName(output.replace(/(?<![/\\])[/\\]+$/, "")) === "oci";
}

/** Whether what is packed for several platforms becomes one image: a registry or a layout is named for it. */
export function isOneImage({
  image,
  output,
}: {
  readonly image?: { readonly to?: readonly string[] };
  readonly output?: unknown;
}): boolean {
  return (image?.to?.length ?? 0) > 0 || isLayoutName(output);
}

/** "8080", "53/udp" */
export function isPort(text: string): boolean {
  const port = /^(\d{1,5})(?:\/(?:tcp|udp|sctp))?$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65535;
}

/** Linux's own (signal(7)), whatever system the image is made on. */
const SIGNALS: ReadonlySet<string> = new Set(
  "HUP INT QUIT ILL TRAP ABRT IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO POLL PWR SYS".split(
    " ",
  ),
);

/** Whether containers can be ended by it: "SIGINT", "INT", "2", "SIGRTMIN+3"; another word no runtime starts them with. */
export function isSignal(text: string): boolean {
  if (/^\d{1,2}$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, "");
  return SIGNALS.has(name) || /^RTM(?:IN(?:\+\d{1,2})?|AX(?:-\d{1,2})?)$/.test(name);
}

/** A variable's name and value; a label's. */
export function isPair(text: string): boolean {
  return /^[^=\s][^=]*=/.test(text);
}
