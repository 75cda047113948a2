import { betweenTwo } from './carry-out.js'
import type { Passage } from './history.js'
import type { Outcome } from './operation.js'
import { applied, type ModelState } from './volume-model.js'

/**
 * Looks for an order of the operations, one at a time, in which the model answers each as the engine did: every operation at a moment between
 * its beginning and its end, and at the end the state that was found.
 *
 * @returns the order, or `undefined` when there is none: then clients have seen what cannot be
 */
export function linearization(
  passages: readonly Passage[],
  isEnd: (state: ModelState) => boolean,
): readonly Passage[] | undefined {
  const lanes = lanesOf(passages)
  const deadEnds = new Set<string>()
  const order: Passage[] = []

  function search(state: ModelState, at: readonly number[]): boolean {
    const next = lanes.flatMap((lane, index) => lane[at[index] ?? 0] ?? [])
    if (next.length === 0) return isEnd(state)
    const key = `${at.join()} ${JSON.stringify(state)}`
    if (deadEnds.has(key)) return false
    const horizon = Math.min(...next.map(({ endedAt }) => endedAt))
    const possible = next.filter(({ begunAt }) => begunAt < horizon).sort((a, b) => a.endedAt - b.endedAt)
    for (const passage of possible) {
      const answer = applied(state, passage.operation)
      if (!isSame(answer.outcome, passage.outcome)) continue
      order.push(passage)
      const lane = lanes.findIndex((each) => each.includes(passage))
      const further = at.map((position, index) => (index === lane ? position + 1 : position))
      if (search(answer.state, further)) return true
      order.pop()
    }
    deadEnds.add(key)
    return false
  }

  const isFound = search(
    {},
    lanes.map(() => 0),
  )
  return isFound ? order : undefined
}

/** The operations of each client, in their order. */
function lanesOf(passages: readonly Passage[]): Passage[][] {
  const lanes = new Map<number, Passage[]>()
  for (const passage of passages) lanes.set(passage.client, [...(lanes.get(passage.client) ?? []), passage])
  return [...lanes.values()].map((lane) => lane.sort((a, b) => a.begunAt - b.begunAt))
}

function isSame(answer: Outcome, seen: Outcome): boolean {
  if (seen.value === betweenTwo) return true
  if (answer.code !== seen.code) return false
  return answer.value === undefined || canonical(answer.value) === canonical(seen.value)
}

/** JSON in which the order of fields is of no account. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  )
}
