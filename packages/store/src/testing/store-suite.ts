import assert from 'node:assert/strict'
import { type ErrorCode, isPouchError, type PouchError } from '@pouch/errors'
import type { Entry, MetadataStore, StoreCapabilities } from '../metadata-store.js'

/** The parts of a test runner that the suite uses: those of vitest, node:test, mocha and jest fit. */
export interface TestRunner {
  describe(title: string, define: () => void): unknown
  it(title: string, run: () => Promise<void>): unknown
}

/** What {@link testMetadataStore} is to test. */
export interface StoreSuite {
  readonly runner: TestRunner
  /** The store's name in the titles. */
  readonly name: string
  /** What the store has to say of itself, exactly. Tests of what it cannot do are not run. */
  readonly expects: StoreCapabilities
  /** Opens an empty store; called once for each test. */
  open(): Promise<OpenedStore>
}

/** A store under test, and the ways to end it. */
export interface OpenedStore {
  readonly store: MetadataStore
  /** Opens another store over the same data, after the test has closed the one before. A durable store has it. */
  reopen?(): Promise<MetadataStore>
  /** Closes the last store that was opened and removes its data. The test may have closed it already. */
  close(): Promise<void>
}

/** One test: what it shows, and how. */
export interface StoreCase {
  readonly title: string
  /** The capability without which the test makes no sense. */
  readonly needs?: keyof StoreCapabilities
  run(store: MetadataStore, opened: OpenedStore): Promise<void>
}

/** Tests that belong together. */
export interface StoreCases {
  readonly title: string
  readonly cases: readonly StoreCase[]
}

/** Fails unless the work rejects with a PouchError of this code. @returns the error */
export async function rejectsWith(code: ErrorCode, work: () => unknown): Promise<PouchError> {
  let outcome: unknown
  try {
    outcome = await work()
  } catch (error) {
    assert(isPouchError(error), `a PouchError was expected, and ${String(error)} was thrown`)
    assert.equal(error.code, code, error.message)
    return error
  }
  return assert.fail(`${code} was expected, and the call resolved with ${JSON.stringify(outcome)}`)
}

/** The entry of a key that has to be there. */
export async function entryOf(store: MetadataStore, key: string): Promise<Entry> {
  const entry = await store.get(key)
  assert(entry !== undefined, `${key} is not there`)
  return entry
}

/** All keys with a prefix, in the order in which the store lists them. */
export async function keysOf(store: MetadataStore, prefix: string): Promise<string[]> {
  return (await entriesOf(store, prefix)).map(({ key }) => key)
}

/** All entries with a prefix, in the order in which the store lists them. */
export async function entriesOf(store: MetadataStore, prefix: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of store.list(prefix)) entries.push(entry)
  return entries
}
