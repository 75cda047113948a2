/**
 * Makes a reading that many may ask for at a time share as few runs as it can. Every caller gets one that began after it asked: those who
 * ask while one runs share the next.
 */
export function coalesced<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined
  const begin = () => {
    const current = read().finally(() => {
      if (running === current) running = undefined
    })
    running = current
    return current
  }
  const afterwards = async (before: Promise<T>) => {
    await Promise.allSettled([before])
    next = undefined
    return await begin()
  }
  return () => {
    if (running === undefined) return begin()
    next ??= afterwards(running)
    return next
  }
}
