/**
 * Runs an operation on each item, up to `depth` at once, and gives the results in the items' order.
 * An item is taken only when there is room, so a slow consumer slows the source down. Where one
 * fails, or the consumer stops early, the others that were begun are waited for, and the source is closed.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  depth: number,
  run: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = run(item);
      // Told when its turn comes; until then it must not count as unhandled.
      result.catch(() => undefined);
      running.push(result);
      if (running.length >= depth) yield await (running.shift() as Promise<Result>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(running);
  }
}
