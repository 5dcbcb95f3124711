export interface Break {
  readonly name: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly text: string;
  readonly becomes: string;
  readonly tests: readonly string[];
}

export const BREAKS: readonly Break[];
