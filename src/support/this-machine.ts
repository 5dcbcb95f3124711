/**
 * The system and processor that envpack runs on. This is the one file that asks for them, and the lint sees to it:
 * what an environment is for is another question (manifest/target.ts), and the two were mixed up where both were at hand.
 */
export const THIS_MACHINE: { readonly os: NodeJS.Platform; readonly arch: NodeJS.Architecture } = {
  os: process.platform,
  arch: process.arch,
};

/** Whether files and programs here follow the rules of Windows. */
export const ON_WINDOWS: boolean = THIS_MACHINE.os === "win32";
