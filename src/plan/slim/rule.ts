import type { NativeFile } from "../../native/native-file.js";

/** A file of an installed package, as rules see it. */
export interface PackageFile {
  /** Relative to the package's folder, parts joined by "/". */
  readonly inside: string;
  readonly name: string;
  /** Of the package, as its folder is called: "typescript", "@types/node". */
  readonly package: string;
  /** What its header says; absent: it is no addon or library that was looked at. */
  readonly native?: NativeFile;
  /** Whether the package has an addon or library for the platform that is packed for. */
  readonly hasFittingNative: boolean;
  /** Whether that platform takes this addon or library; absent: it is none, or its header does not tell. */
  readonly fits?: boolean;
}

/** What `--slim safe` leaves out of installed packages, and why that is not missed: a rule a file. */
export interface SlimRule {
  readonly name: string;
  readonly why: string;
  /** Whether a folder is left out with all that it holds. @param inside its path relative to the package's folder */
  readonly folder?: (inside: string, names: () => readonly string[]) => boolean;
  readonly file?: (file: PackageFile) => boolean;
  /**
   * Endings of its files that a program may put together with a name that nobody can read off the text (`${name}.md`):
   * then all files of that ending stay. Absent: such a program looks for files of others.
   */
  readonly composed?: RegExp;
  /** Of those, just the ones in the program's own folder and below: elsewhere it is the files of others that it makes or reads. */
  readonly composedNear?: boolean;
  /** Programs name all such files and take one: that one of them is named is no reason to keep it. */
  readonly chosen?: boolean;
}
