/** A command that is ready to be started. */
export interface CommandLine {
  /** A program's path, or a name to be looked up on the PATH of `env`. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** undefined: the current folder. */
  readonly cwd: string | undefined;
}
