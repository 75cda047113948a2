// Writes while its disk fails, and tells what became of each call: a line of JSON.
import { PouchError } from '@pouch/errors'
import { sqliteStore } from '../../src/index.js'

const [path = '', backup = ''] = process.argv.slice(2)
const told: string[] = []
const store = await sqliteStore({ path, log: { warn: (_, message) => told.push(message) } })

const outcome = (call: Promise<unknown>) =>
  call.then(
    (value) => ({ value: typeof value === 'string' ? 'a text' : (value ?? null) }),
    (error: unknown) => ({ code: PouchError.from(error).code, message: PouchError.from(error).message }),
  )
const read = async (key: string) => (await store.get(key))?.value ?? null

const first = await outcome(store.create('first', 1))
const group = await Promise.all([outcome(store.create('group/1', 1)), outcome(store.create('group/2', 2))])
const later = await outcome(store.create('later', 1))
const lazy = await outcome(store.create('lazy', 1, { lazy: true }))
const firstRead = await outcome(read('first'))
const laterRead = await outcome(read('later'))
const copied = await outcome(store.backup(backup))
process.stdout.write(JSON.stringify({ first, group, later, lazy, firstRead, laterRead, copied, told }))
// Not closed: what is in the log stays there for the next one.
process.kill(process.pid, 'SIGKILL')
