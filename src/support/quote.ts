/** A word for a POSIX shell: as it is where nothing in it is special, else in single quotes. */
export function quoteForShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * An option for NODE_OPTIONS. Node splits that variable at spaces; double quotes keep a part
 * together, and only between them a backslash takes the next character as it is. So a path without
 * spaces and quotes goes in bare, which Node before 12, knowing no quotes, understands too.
 * Source: ParseNodeOptionsEnvVar in Node's src/node_options.cc.
 */
export function quoteForNodeOptions(option: string): string {
  if (!/[ "]/.test(option)) return option;
  return `"${option.replace(/["\\]/g, "\\$&")}"`;
}
