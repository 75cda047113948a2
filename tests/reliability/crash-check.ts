import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { sweep } from '../../scripts/demo/sweep.mjs'
import type { CrashCase } from './crash-cases.js'
import { detachAll, differencesOnHost, leftAtRest, removeAll, snapshotContents, toldBy } from './host-truth.js'
import type { Operation } from './operation.js'
import { openSubject, type Subject } from './subject.js'
import { applied, type ModelState, summaryOf } from './volume-model.js'

/** The states that are right after a case was killed: the one after it, and the one before it unless it was acknowledged. */
export function allowedStates({ prepare, run }: CrashCase, isAcknowledged: boolean): ModelState[] {
  const before = stateAfter({}, prepare)
  const after = stateAfter(before, [run])
  return isAcknowledged ? [after] : [before, after]
}

/** Runs something on a home of its own, of which nothing is left. */
export async function onHome<T>(work: (home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'pouch-crash-'))
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
 */
export async function expectWhole(home: string, allowed: readonly ModelState[], at: string): Promise<void> {
  const subject = await openSubject(home)
  try {
    const told = await toldBy(subject.engine)
    const found = allowed.find((state) => summaryOf(state) === summaryOf(told))
    if (found === undefined) expect({ at, told }, at).toEqual({ at, oneOf: allowed })
    expect({ at, differences: await differencesOnHost(home, told) }).toEqual({ at, differences: [] })
    await detachAll(subject.engine)
    const contents = await snapshotContents(subject.engine, told)
    expect({ at, contents }).toEqual({ at, contents: contentsIn(found ?? {}) })
    await removeAll(subject.engine)
    expect({ at, differences: await differencesOnHost(home, {}) }).toEqual({ at, differences: [] })
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
  expect({ at, left: leftAtRest(home, keys) }).toEqual({ at, left: [] })
}

function stateAfter(state: ModelState, operations: readonly Operation[]): ModelState {
  return operations.reduce((before, operation) => {
    const { state: after, outcome } = applied(before, operation)
    if (outcome.code !== 'ok') throw new Error(`the model answers ${outcome.code} to ${JSON.stringify(operation)}`)
    return after
  }, state)
}

function contentsIn(state: ModelState): string[] {
  const contents = Object.entries(state).flatMap(([name, { snapshots }]) =>
    Object.entries(snapshots).map(([snapshot, content]) => `${name}@${snapshot}=${content}`),
  )
  return contents.sort()
}
