import type { Actor, Operation, Outcome } from './operation.js'

/** An operation, how it ended, and when: its moment is somewhere between the two. */
export interface Passage {
  readonly client: number
  readonly operation: Operation
  readonly outcome: Outcome
  /** Ticks of one clock for all clients. */
  readonly begunAt: number
  readonly endedAt: number
}

/** Runs clients at the same time, each with a program of its own, one operation after the other. */
export async function historyOf(actor: Actor, programs: readonly (readonly Operation[])[]): Promise<Passage[]> {
  const passages: Passage[] = []
  let now = 0
  const tick = () => {
    now += 1
    return now
  }
  const runClient = async (program: readonly Operation[], client: number) => {
    for (const operation of program) {
      const begunAt = tick()
      let openedAt = 0
      const outcome = await actor(operation, () => {
        openedAt = tick()
      })
      const endedAt = tick()
      if (operation.do !== 'export' || openedAt === 0) passages.push({ client, operation, outcome, begunAt, endedAt })
      else passages.push(...dividedExport({ client, operation, outcome, begunAt, endedAt }, openedAt))
    }
  }
  await Promise.all(programs.map(runClient))
  return passages
}

/** An export holds its volume from its beginning to its end. */
function dividedExport(whole: Passage, openedAt: number): Passage[] {
  const { client, operation, outcome, begunAt, endedAt } = whole
  const { name } = operation
  const reader = `reader ${client} ${begunAt}`
  return [
    { client, operation: { do: 'export', name, reader }, outcome: { code: 'ok' }, begunAt, endedAt: openedAt },
    { client, operation: { do: 'endExport', name, reader }, outcome, begunAt: openedAt, endedAt },
  ]
}
