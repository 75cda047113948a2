/**
 * Does work for many items, some of it at the same time, and yields what came out in the order of the items. An iteration that is ended
 * early waits for what is under way, and hands it to `discard`.
 */
export async function* ordered<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
  discard: (result: R) => void,
): AsyncGenerator<R, void, undefined> {
  const underWay: Promise<R>[] = []
  let next = 0
  const start = () => {
    const item = items[next++] as T
    const promise = work(item)
    // Its failure is thrown when its turn comes, which may be after others.
    promise.catch(() => undefined)
    underWay.push(promise)
  }
  try {
    while (next < items.length && underWay.length < width) start()
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) {
      const result = await first
      if (next < items.length) start()
      yield result
    }
  } finally {
    for (const each of await Promise.allSettled(underWay)) if (each.status === 'fulfilled') discard(each.value)
  }
}
