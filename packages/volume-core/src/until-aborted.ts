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
  const { aborted, forget } = abortOf(signal)
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    forget()
    const left = chunks.return?.()
    // A source that hangs does not come back from that either.
    if (signal.aborted) left?.then(ignore, ignore)
    else await left
  }
}

function abortOf(signal: AbortSignal): { readonly aborted: Promise<never>; forget(): void } {
  let onAbort = ignore
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError(signal))
  })
  aborted.catch(ignore)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return { aborted, forget: () => signal.removeEventListener('abort', onAbort) }
}

function ignore(): void {}
