/** How many victims run at a time. */
const width = Number(process.env.POUCH_TEST_WORKERS ?? 2)

/** Does something with each of many things, a few at a time. Ends with the first failure, once all that was begun has ended. */
export async function inParallel<T, R>(things: readonly T[], work: (thing: T) => Promise<R>): Promise<R[]> {
  const results = new Map<number, R>()
  const queue = things.entries()
  const worker = async () => {
    for (const [index, thing] of queue) results.set(index, await work(thing))
  }
  const ended = await Promise.allSettled(Array.from({ length: width }, worker))
  const failure = ended.find((each) => each.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return [...results].sort(([one], [other]) => one - other).map(([, result]) => result)
}
