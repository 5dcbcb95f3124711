import type { Readable } from "node:stream";
import type { WriteStream } from "node:tty";
import type { Command } from "commander";
import { explainError } from "../support/errors.js";
import { escapedJson } from "./escape.js";
import { EXIT } from "./exit-status.js";
import { Interrupts } from "./interrupts.js";
import { SCHEMA_VERSION, type JsonShapes } from "./json-shapes.js";

/** What one run of the tool talks to, and the exit status it ends with. */
export class Session {
  status: number = EXIT.done;
  /** A signal to end by, when all is cleaned up: the one that ended the command of `envpack run`. */
  endBy: NodeJS.Signals | null = null;
  /** Whether the command was asked for JSON, so that an error comes as JSON too. */
  json = false;
  /** The command line, and the command that it came to, once that is known. */
  words: readonly string[] = [];
  command: Command | null = null;
  readonly interrupts = new Interrupts();
  readonly stdin: Readable & { isTTY?: boolean } = process.stdin;
  readonly stdout: WriteStream = process.stdout;
  readonly stderr: WriteStream = process.stderr;
  #readerLeft = false;

  /**
   * @param environment the environment that this tool travels in, which the commands take where none is named
   */
  constructor(readonly environment: string | undefined) {
    // A reader that has seen enough (`envpack list X | head`) is no error; write() tells the rest.
    this.stdout.on("error", () => (this.#readerLeft = true));
    this.stderr.on("error", () => undefined);
  }

  /**
   * Writes data to stdout and waits until it is taken.
   *
   * @returns false when nobody reads any more, and the command may stop
   */
  async writeData(text: string): Promise<boolean> {
    if (this.#readerLeft) return false;
    const error = await new Promise<Error | null | undefined>((resolve) => {
      this.stdout.write(text, resolve);
    });
    if (!error) return true;
    this.#readerLeft = true;
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return false;
    throw explainError(error, "cannot write to stdout");
  }

  /** Writes what a command found out as JSON, in the shape that docs/json.md promises for it. */
  async writeJson<Shape extends keyof JsonShapes>(_shape: Shape, value: JsonShapes[Shape]): Promise<void> {
    await this.writeData(`${escapedJson({ schemaVersion: SCHEMA_VERSION, ...value }, 2)}\n`);
  }

  /** Tells the user something that is not data. */
  say(text: string): void {
    this.stderr.write(`${text}\n`);
  }

  /** Whether stderr is a terminal that shows colours; NO_COLOR and TERM=dumb are obeyed. */
  get colours(): boolean {
    return this.stderr.isTTY && this.stderr.hasColors();
  }
}
