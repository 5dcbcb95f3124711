/** What one look at the machine came to. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly status: "ok" | "warning" | "fails";
  /** What was found, and why that matters: one sentence without a full stop. */
  readonly detail: string;
  /** What to do about it; null where there is nothing to be done. */
  readonly hint: string | null;
}

export function ok(check: string, detail: string): Finding {
  return { check, status: "ok", detail, hint: null };
}

export function warning(check: string, detail: string, hint: string): Finding {
  return { check, status: "warning", detail, hint };
}

export function fails(check: string, detail: string, hint: string): Finding {
  return { check, status: "fails", detail, hint };
}
