import { createHash, hash, randomBytes } from "node:crypto";
import { lstatSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openCache } from "../cache/place.js";
import type { CacheUses } from "../cache/uses.js";
import { isOwn } from "../cache/own-folder.js";
import type { ProgressListener } from "../support/progress.js";
import { readShortText } from "../support/read-text.js";
import { makeScratch } from "../cache/scratch.js";
import { askNpm, isUnreachable } from "./npm-command.js";
import { asObject, asText } from "./package-json.js";

export interface RegistryOptions {
  /** Where npm is run: a project's .npmrc counts. */
  readonly folder: string;
  /** Where answers and packages are kept. */
  readonly uses: CacheUses;
  /** Whether npm comes with a runtime; by default it does. */
  readonly withNpm?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** Bytes of a .npmrc, and of an answer that is remembered. */
const NPMRC_LIMIT = 1 << 20;
const ANSWER_LIMIT = 1 << 16;

/**
 * The registry that the user's npm asks in a folder. What it answered is remembered for when it cannot be
 * reached; then only the same asker is told: an answer belongs to the registry's address and, where there is
 * a `.npmrc` in the folder or above it besides the user's own, to that folder and those files, by content. So a project whose .npmrc leads npm elsewhere (another
 * registry, a proxy, a cache of its own) can leave nothing that another project is told.
 */
export class Registry {
  /** Without user, password and what follows a question mark; null where npm does not tell it. */
  readonly url: string | null;
  readonly #options: RegistryOptions;
  readonly #asker: string | null;
  /** Where answers are kept; null: nowhere. */
  readonly #answers: string | null;
  /**
   * npm's own cache answers for a registry that cannot be reached, and it is one for all projects: what a proxy of one
   * project's said would be told to all. So npm gets an empty one.
   */
  readonly #npmCache: string;

  private constructor(options: RegistryOptions, npmCache: string, url: string | null, asker: string | null) {
    const { folder, notice } = openCache("answers");
    if (notice !== null) options.uses.notices.push(notice);
    this.#options = options;
    this.#npmCache = npmCache;
    this.url = url;
    this.#asker = asker;
    this.#answers = asker === null ? null : folder;
  }

  static async open(options: RegistryOptions): Promise<Registry> {
    const { folder, uses, signal } = options;
    const settings = asObject(await askNpm(["config", "list"], { folder, signal }));
    const address = asText(settings?.registry);
    const scratch = await makeScratch();
    uses.afterwards(scratch.remove);
    if (address === null) return new Registry(options, scratch.path, null, null);
    const files = npmrcs(folder, new Set([asText(settings?.userconfig), asText(settings?.globalconfig)]));
    return new Registry(
      options,
      scratch.path,
      withoutSecrets(address),
      files === null ? null : JSON.stringify([address, files, files.length === 0 ? null : folder]),
    );
  }

  /**
   * Asks npm a question, and answers as before where the registry cannot be reached.
   *
   * @param question what the answer is remembered by
   * @param read makes one line of text of npm's answer
   * @param isValid whether a remembered text may be an answer
   */
  async ask(
    question: string,
    args: readonly string[],
    read: (answer: unknown) => string,
    isValid: (text: string) => boolean,
  ): Promise<string> {
    const { folder, signal, uses } = this.#options;
    const file = this.#answers === null ? null : join(this.#answers, `${hash("sha256", JSON.stringify([this.#asker, question]))}.json`);
    const before = file === null ? null : recall(file, question, isValid);
    this.report(`asks for ${question}`);
    try {
      const answer = read(await askNpm(args, { folder, signal, cache: this.#npmCache, hurried: before !== null }));
      if (file !== null && isValid(answer)) remember(file, question, answer);
      return answer;
    } catch (error) {
      if (before === null || !isUnreachable(error)) throw error;
      uses.notices.push({
        code: "REGISTRY_UNREACHABLE",
        message: `the registry cannot be reached: it is taken at what it said before (${this.url})`,
      });
      return before;
    }
  }

  /** Has npm bring a tarball of a package into a folder. */
  async bring(spec: string, destination: string): Promise<void> {
    const { folder, signal } = this.#options;
    this.report(`brings ${spec}`);
    await askNpm(["pack", spec, "--pack-destination", destination], { folder, signal, cache: this.#npmCache });
  }

  /** Tells of a step, which may take a while. */
  report(detail: string): void {
    this.#options.onProgress?.({ stage: "fetching", done: 0, total: null, detail });
  }
}

/**
 * The `.npmrc` files in a folder and above it, as path and digest: npm reads that of the project's root, wherever
 * that is. Null where one cannot be read: then nothing is known of who answers.
 *
 * @param own the user's and the machine's own, which lead all projects alike
 */
function npmrcs(folder: string, own: ReadonlySet<string | null>): readonly string[] | null {
  const found: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, ".npmrc");
    try {
      if (!own.has(file))
        found.push(
          file,
          createHash("sha256")
            .update(readShortText(file, NPMRC_LIMIT, "latin1"))
            .digest("hex"),
        );
    } catch (error) {
      if (!["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    }
    if (at === dirname(at)) return found;
  }
}

function withoutSecrets(address: string): string {
  try {
    const { origin, pathname } = new URL(address);
    return `${origin}${pathname}`;
  } catch {
    return "the registry";
  }
}

function recall(file: string, question: string, isValid: (text: string) => boolean): string | null {
  try {
    if (!isOwn(lstatSync(file))) return null;
    const kept = asObject(JSON.parse(readShortText(file, ANSWER_LIMIT)));
    return kept?.question === question && typeof kept.answer === "string" && isValid(kept.answer) ? kept.answer : null;
  } catch {
    return null;
  }
}

/** It is only remembered for another time: what goes wrong here stops nothing. */
function remember(file: string, question: string, answer: string): void {
  const writing = join(dirname(file), `.writing-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    writeFileSync(writing, JSON.stringify({ question, answer }), { flag: "wx", mode: 0o600 });
    renameSync(writing, file);
  } catch {
    // A full disk, or a cache that was removed meanwhile.
  }
}
