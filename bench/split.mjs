// Where the time of a create goes, one at a time: the disk, SQLite, the driver, HTTP. Each line has the parts above it in it.
//   node bench/split.mjs [count=400] [--write]
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sqliteStore } from '../packages/store-sqlite/dist/index.js'
import { createVolumeEngine } from '../packages/volume-core/dist/index.js'
import { local } from '../packages/volume-local/dist/index.js'
import { main, say } from '../scripts/setup/say.mjs'
import { quantile } from './measure.mjs'
import { putTable, tableOf } from './table.mjs'
import { SocketClient } from './volumes/http.mjs'
import { Peer } from './volumes/peers.mjs'

const { values, positionals } = parseArgs({ options: { write: { type: 'boolean' } }, allowPositionals: true })
const count = Number(positionals[0] ?? 400)
const rounds = 3

await main(async () => {
  const base = await mkdtemp('/var/tmp/pouch-bench-')
  const closing = []
  try {
    const works = await open(base, closing)
    const seen = new Map(works.map(({ title }) => [title, []]))
    for (let round = 0; round <= rounds; round += 1) {
      for (const { title, work } of works) {
        const median = await medianMs((index) => work(`${round}-${index}`))
        if (round > 0) seen.get(title).push(median)
      }
    }
    const rows = [...seen].map(([title, medians]) => [title, quantile(medians, 0.5).toFixed(3)])
    const table = tableOf(['one at a time', 'p50 ms'], rows)
    say(table)
    if (values.write) putTable('split', table)
    return 0
  } finally {
    for (const close of closing.reverse()) await close()
    await rm(base, { recursive: true, force: true })
  }
})

async function open(base, closing) {
  const log = openSync(join(base, 'log'), 'w')
  closing.push(() => closeSync(log))
  const pages = Buffer.alloc(8192, 1)
  const store = await sqliteStore({ path: join(base, 'meta.db') })
  closing.push(() => store.close())
  const home = join(base, 'home')
  mkdirSync(home)
  const own = await sqliteStore({ path: join(home, 'meta.db') })
  closing.push(() => own.close())
  const engine = await createVolumeEngine({ home, drivers: [local()], store: own })
  closing.push(() => engine.close())
  const plain = createServer((_, response) => response.writeHead(200, { 'content-length': 2 }).end('{}'))
  await new Promise((resolve) => plain.listen(join(base, 'plain.sock'), resolve))
  closing.push(() => plain.close())
  const peer = new Peer('pouchd', base)
  await peer.start()
  closing.push(() => peer.stop())
  const [bare, daemon] = [new SocketClient(join(base, 'plain.sock')), new SocketClient(peer.socket)]
  closing.push(
    () => bare.close(),
    () => daemon.close(),
  )
  await daemon.send('POST', '/volumes/create', { Name: 'looked-at' })
  return [
    { title: 'write of 8 KiB and fsync', work: async () => writeDurably(log, pages) },
    { title: 'store: a record, durable', work: (name) => store.create(`bench/${name}`, { name }) },
    { title: 'engine: create on the local driver', work: (name) => engine.volumes.create({ name }) },
    { title: 'HTTP: Node alone, the client with it', work: () => bare.send('GET', '/') },
    { title: 'HTTP: pouchd, inspect', work: () => daemon.send('GET', '/volumes/looked-at') },
    { title: 'HTTP: pouchd, create', work: (name) => daemon.send('POST', '/volumes/create', { Name: name }) },
  ]
}

function writeDurably(file, bytes) {
  writeSync(file, bytes, 0, bytes.length, 0)
  fsyncSync(file)
}

async function medianMs(work) {
  const times = []
  for (let index = 0; index < count; index += 1) {
    const began = performance.now()
    await work(index)
    times.push(performance.now() - began)
  }
  return quantile(times, 0.5)
}
