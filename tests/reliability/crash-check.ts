import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sweep } from '../../scripts/demo/sweep.mjs'
import type { CrashCase } from './crash-cases.js'
import { detachAll, differencesOnHost, leftAtRest, removeAll, snapshotContents, toldBy } from './host-truth.js'
import type { Operation } from './operation.js'
import { anywhere, type Place } from './place.js'
import { openSubject, type Subject } from './subject.js'
import { applied, type ModelState, summaryOf } from './volume-model.js'

/** The states that are right after a case was killed: the one after it, and the one before it unless it was acknowledged. */
export function allowedStates({ prepare, run }: CrashCase, isAcknowledged: boolean): ModelState[] {
  const before = stateAfter({}, prepare)
  const after = stateAfter(before, [run])
  return isAcknowledged ? [after] : [before, after]
}

/** Runs something on a home of its own, of which nothing is left. */
export async function onHome<T>(work: (home: string) => Promise<T>, { folder }: Place = anywhere): Promise<T> {
  const home = mkdtempSync(join(folder, 'pouch-crash-'))
  try {
    const result = await work(home)
    rmSync(home, { recursive: true })
    return result
  } catch (error) {
    await sweep(home)
    throw error
  }
}

/**
 * Opens what a crash left, and looks: it is one of the allowed states, the host has exactly that, and it can be removed until nothing
 * is there.
 *
 * @param at which crash it was, for people
 * @param place where the home is
 */
export async function expectWhole(
  home: string,
  allowed: readonly ModelState[],
  at: string,
  place: Place = anywhere,
): Promise<void> {
  const subject = await openSubject(home)
  try {
    const told = await toldBy(subject.engine)
    const found = allowed.find((state) => summaryOf(state) === summaryOf(told))
    if (found === undefined) assert.deepEqual({ at, told }, { at, oneOf: allowed })
    assert.deepEqual({ at, differences: await differencesOnHost(home, told, place) }, { at, differences: [] })
    await detachAll(subject.engine)
    const contents = await snapshotContents(subject.engine, told)
    assert.deepEqual({ at, contents }, { at, contents: contentsIn(found ?? {}) })
    await removeAll(subject.engine)
    assert.deepEqual({ at, differences: await differencesOnHost(home, {}, place) }, { at, differences: [] })
  } catch (error) {
    await subject.close()
    throw error
  }
  await closeAndLook(home, subject, at)
}

async function closeAndLook(home: string, { engine, store }: Subject, at: string): Promise<void> {
  await engine.close()
  const keys: string[] = []
  for await (const { key } of store.list('')) keys.push(key)
  await store.close()
  assert.deepEqual({ at, left: leftAtRest(home, keys) }, { at, left: [] })
}

function stateAfter(state: ModelState, operations: readonly Operation[]): ModelState {
  return operations.reduce((before, operation) => {
    const { state: after, outcome } = applied(before, operation)
    if (outcome.code !== 'ok') throw new Error(`the model answers ${outcome.code} to ${JSON.stringify(operation)}`)
    return after
  }, state)
}

/** What is in the snapshots of a state. */
export function contentsIn(state: ModelState): string[] {
  const contents = Object.entries(state).flatMap(([name, { snapshots }]) =>
    Object.entries(snapshots).map(([snapshot, content]) => `${name}@${snapshot}=${content}`),
  )
  return contents.sort()
}
