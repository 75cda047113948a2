import { abortError } from '@pouch/errors'

/** The outcome of some work, or the error of the signal when it fires first. The work itself goes on. */
export async function endWithSignal<T>(work: Promise<T>, signal: AbortSignal | undefined, op: string): Promise<T> {
  if (signal === undefined) return work
  let cancel: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(abortError(signal, { op }))
    signal.addEventListener('abort', cancel, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (cancel !== undefined) signal.removeEventListener('abort', cancel)
  }
}
