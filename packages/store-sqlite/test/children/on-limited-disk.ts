// Writes until there is no room, and tells what became of it: a line of JSON.
import { PouchError } from '@pouch/errors'
import { sqliteStore } from '../../src/index.js'

const [path = ''] = process.argv.slice(2)
const told = (error: unknown) => ({ code: PouchError.from(error).code, message: PouchError.from(error).message })
const failures: { code: string; message: string }[] = []
let written = 0
try {
  const store = await sqliteStore({ path })
  for (let index = 0; failures.length < 2 && index < 1000; index += 1) {
    await store.create(`k/${String(index).padStart(4, '0')}`, 'x'.repeat(40_000)).then(
      () => {
        written += 1
      },
      (error: unknown) => failures.push(told(error)),
    )
  }
  const last = (await store.get(`k/${String(written - 1).padStart(4, '0')}`))?.value
  process.stdout.write(JSON.stringify({ written, failures, isLastThere: typeof last === 'string' }))
} catch (error) {
  process.stdout.write(JSON.stringify({ written, failures: [told(error)] }))
}
// Not closed: what is in the log stays there for the next one.
process.kill(process.pid, 'SIGKILL')
