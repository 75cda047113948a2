// What is measured of a daemon, each as a function that does one round and returns figures by name.
import { setTimeout as delay } from 'node:timers/promises'
import { quantile } from '../measure.mjs'
import { SocketClient } from './http.mjs'

const connections = 16
const encoded = (filters) => encodeURIComponent(JSON.stringify(filters))

/** One after the other. @returns the median in milliseconds */
async function sequentially(count, body) {
  const times = []
  for (let index = 0; index < count; index += 1) {
    const began = performance.now()
    await body(index)
    times.push(performance.now() - began)
  }
  return quantile(times, 0.5)
}

/** Sixteen at a time. @returns operations a second */
async function concurrently(count, body) {
  let next = 0
  const began = performance.now()
  const worker = async () => {
    while (next < count) await body(next++)
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return (count / (performance.now() - began)) * 1000
}

/** Creates, inspects and removes, one at a time and sixteen at a time. */
export async function small(peer, round, { sequential, concurrent }) {
  const one = new SocketClient(peer.socket)
  const many = new SocketClient(peer.socket, connections)
  const name = (index) => `bench-${round}-${String(index).padStart(6, '0')}`
  const create = (client) => (index) =>
    client.send('POST', '/volumes/create', { Name: name(index), Labels: { bench: String(round) } })
  const inspect = (client) => (index) => client.send('GET', `/volumes/${name(index)}`)
  const remove = (client) => (index) => client.send('DELETE', `/volumes/${name(index)}`)
  try {
    return {
      createMs: await sequentially(sequential, create(one)),
      inspectMs: await sequentially(sequential, inspect(one)),
      removeMs: await sequentially(sequential, remove(one)),
      createRate: await concurrently(concurrent, create(many)),
      inspectRate: await concurrently(concurrent, inspect(many)),
      removeRate: await concurrently(concurrent, remove(many)),
    }
  } finally {
    one.close()
    many.close()
  }
}

/** Fills a daemon up to a number of volumes. @returns creates a second for what was missing */
export async function fill(peer, from, to) {
  const many = new SocketClient(peer.socket, connections)
  try {
    return await concurrently(to - from, (index) => {
      const number = from + index
      const labels = { bench: 'fill', shard: String(number % 10) }
      return many.send('POST', '/volumes/create', { Name: filled(number), Labels: labels })
    })
  } finally {
    many.close()
  }
}

/** Lists of a filled daemon: all, by label (one in ten), dangling. */
export async function lists(peer, count, repeats) {
  const one = new SocketClient(peer.socket)
  const list = (filters) => async () => {
    const query = filters === undefined ? '' : `?filters=${encoded(filters)}`
    const found = JSON.parse(await one.send('GET', `/volumes${query}`)).Volumes.length
    const due = filters?.label === undefined ? count : count / 10
    if (found !== due) throw new Error(`${peer.name} listed ${found} volumes of ${due}`)
  }
  try {
    await list()()
    const figures = {
      listMs: await sequentially(repeats, list()),
      labelMs: await sequentially(repeats, list({ label: ['shard=3'] })),
      danglingMs: await sequentially(repeats, list({ dangling: ['true'] })),
      inspectFullMs: await sequentially(200, (index) => one.send('GET', `/volumes/${filled((index * 37) % count)}`)),
    }
    await delay(300)
    return { ...figures, rssMb: peer.rssMb() }
  } finally {
    one.close()
  }
}

/** The name of a volume of the filling. Of one length, because podman takes the beginning of a name for the name. */
function filled(number) {
  return `fill-${String(number).padStart(7, '0')}`
}
