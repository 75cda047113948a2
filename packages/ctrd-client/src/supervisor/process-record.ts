import { open, readFile, rename, rm } from 'node:fs/promises'
import type { ProcessIdentity } from './process-identity.js'

/** Keeps which process runs, so that the next supervisor can take it over. */
export async function writeProcessRecord(path: string, identity: ProcessIdentity): Promise<void> {
  const next = `${path}.next`
  const file = await open(next, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(identity)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}

/** The process that was kept; undefined when none was, or what is there is not a record: then it is looked for. */
export async function readProcessRecord(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    return isIdentity(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Forgets the process. */
export async function removeProcessRecord(path: string): Promise<void> {
  await rm(path, { force: true })
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startTicks, bootId } = value as Record<string, unknown>
  return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof startTicks === 'string' && typeof bootId === 'string'
}
