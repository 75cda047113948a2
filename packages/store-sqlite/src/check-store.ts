import type { SqliteBackend } from './sqlite-backend.js'

/** What a check of the whole file has found. */
export interface CheckReport {
  /** Whether nothing is wrong. */
  readonly ok: boolean
  /** How many entries there are, those set aside among them. */
  readonly entries: number
  /** What SQLite's integrity check says, a line each. */
  readonly problems: readonly string[]
  /** The keys whose content is damaged; they are set aside when the store is next opened. */
  readonly damagedKeys: readonly string[]
}

/** Runs SQLite's integrity check and looks into every entry. */
export async function checkStore(backend: SqliteBackend): Promise<CheckReport> {
  const findings = await backend.query('store.check', 'PRAGMA integrity_check')
  const problems = findings.map((row) => String(row.integrity_check)).filter((line) => line !== 'ok')
  const damagedKeys: string[] = []
  let entries = 0
  for await (const { key, revision } of backend.scan('store.check')) {
    entries += 1
    if (revision === undefined) damagedKeys.push(key)
  }
  return { ok: problems.length === 0 && damagedKeys.length === 0, entries, problems, damagedKeys }
}
