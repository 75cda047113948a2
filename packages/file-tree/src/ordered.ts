/**
 * Does work for many items and yields what came out in their order. Where a piece of work has to wait, more of them go on at the same time; where
 * none does, each is done when its turn has come. An iteration that is ended early waits for what is under way, and hands it to `discard`.
 */
export async function* ordered<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => R | Promise<R>,
  discard: (result: R) => void,
): AsyncGenerator<R, void, undefined> {
  const underWay: (R | Promise<R>)[] = []
  let next = 0
  const start = () => {
    const outcome = work(items[next++] as T)
    // Its failure is thrown when its turn comes, which may be after others.
    if (outcome instanceof Promise) outcome.catch(() => undefined)
    return outcome
  }
  try {
    while (next < items.length || underWay.length > 0) {
      const first = underWay.length > 0 ? (underWay.shift() as R | Promise<R>) : start()
      if (first instanceof Promise) while (next < items.length && underWay.length < width) underWay.push(start())
      yield first
    }
  } finally {
    for (const each of await Promise.allSettled(underWay)) if (each.status === 'fulfilled') discard(each.value)
  }
}
