/** How many names a message has before it counts the rest. */
const NAMED = 5;

/** The first few of them, and how many more there are. */
export function enumerate(names: readonly string[], most = NAMED): string {
  const more = names.length > most ? ` and ${names.length - most} more` : "";
  return `${names.slice(0, most).join(", ")}${more}`;
}
