/** What a work is refused with; nothing where it is not. */
export function refusalOf(work: Promise<unknown>): Promise<{ code?: string; message?: string; hint?: string }> {
  return work.then(
    () => ({}),
    (error: unknown) => error as { code: string; message: string; hint?: string },
  );
}
