/** Who reads a text: decides which characters of a path it would take for something else, and how a string is written. */
export type Language =
  "sh" | "csh" | "fish" | "batch" | "powershell" | "make" | "js" | "json" | "manifest" | "yaml" | "markup" | "data" | "code";
