// Volumes inside a Node process: creates and removes with 64 callers, on SQLite with synchronous=FULL and the local driver.
//   node bench/embedded.mjs [count=6000] [rounds=5]
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sqliteStore } from '../packages/store-sqlite/dist/index.js'
import { createVolumeEngine } from '../packages/volume-core/dist/index.js'
import { local } from '../packages/volume-local/dist/index.js'
import { quantile } from './measure.mjs'

const [count = 6000, rounds = 5] = process.argv.slice(2).map(Number)
const callers = 64
const home = await mkdtemp('/var/tmp/pouch-bench-')
const store = await sqliteStore({ path: join(home, 'meta.db') })
const engine = await createVolumeEngine({ home, drivers: [local()], store })
const rates = { create: [], remove: [] }
for (let round = 0; round < rounds; round += 1) {
  const names = Array.from({ length: count }, (_, index) => `r${round}-${index}`)
  rates.create.push(await rate(names, (name) => engine.volumes.create({ name, labels: { round: String(round) } })))
  rates.remove.push(await rate(names, (name) => engine.volumes.remove(name)))
}
for (const [name, { length, ...values }] of Object.entries(rates)) {
  process.stdout.write(
    `${name} ${Object.values(values)
      .map((v) => v.toFixed(0))
      .join(' ')} median ${quantile(Object.values(values), 0.5).toFixed(0)}/s\n`,
  )
}
await engine.close()
await store.close()
await rm(home, { recursive: true })

async function rate(names, body) {
  const queue = names.values()
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (const name of queue) await body(name)
    }),
  )
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  process.stderr.write(
    `${((names.length / ms) * 1000).toFixed(0)}/s, cpu ${((user + system) / names.length).toFixed(0)} us an operation (user ${(user / names.length).toFixed(0)})\n`,
  )
  return (names.length / ms) * 1000
}
