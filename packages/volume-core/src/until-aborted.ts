import { abortError } from '@pouch/errors'

/** The chunks of a source until the signal fires, whether the source heeds it or not: one that hangs holds nobody up. */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) {
    yield* source
    return
  }
  const chunks = source[Symbol.asyncIterator]()
  // Racing against one promise for them all would keep something of every chunk until the end.
  let fail: (error: unknown) => void = ignore
  const onAbort = () => fail(abortError(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        fail = reject
        if (signal.aborted) onAbort()
        else chunks.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    const left = chunks.return?.()
    // A source that hangs does not come back from that either.
    if (signal.aborted) left?.then(ignore, ignore)
    else await left
  }
}

function ignore(): void {}
