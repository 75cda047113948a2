// Four writers that write without end. What the store has acknowledged goes into a file, a line each, at once.
import { openSync, writeSync } from 'node:fs'
import { sqliteStore } from '../../src/index.js'

const [path = '', acknowledged = '', round = ''] = process.argv.slice(2)
const store = await sqliteStore({ path })
const file = openSync(acknowledged, 'a')
const acknowledge = (line: string) => writeSync(file, `${line}\n`)

async function creates(): Promise<void> {
  for (let index = 0; ; index += 1) {
    await store.create(`create/${round}/${index}`, 'x'.repeat(index % 2000))
    acknowledge(`create/${round}/${index}`)
  }
}

async function increments(): Promise<void> {
  let revision = await store.create(`count/${round}`, 0)
  for (let count = 1; ; count += 1) {
    revision = await store.compareAndSet(`count/${round}`, count, revision)
    acknowledge(`count/${round} ${count}`)
  }
}

async function batches(): Promise<void> {
  for (let index = 0; ; index += 1) {
    const key = (part: number) => `batch/${round}/${index}/${part}`
    await store.batch([0, 1, 2].map((part) => ({ type: 'create', key: key(part), value: part })))
    acknowledge(`${key(0)}\n${key(1)}\n${key(2)}`)
  }
}

async function deletes(): Promise<void> {
  for (let index = 0; ; index += 1) {
    const key = `delete/${round}/${index}`
    const revision = await store.create(key, index)
    await store.delete(key, revision)
    acknowledge(`gone ${key}`)
  }
}

process.send?.('open')
await Promise.all([creates(), increments(), batches(), deletes()])
