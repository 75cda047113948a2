// What an operation costs with 100 to 100,000 volumes in pouchd, what pouchd has in memory then, and how soon it answers after a start.
//   node bench/scale.mjs [--most 100000] [--write]
import { mkdtemp, rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { main, say } from '../scripts/setup/say.mjs'
import { quantile } from './measure.mjs'
import { putTable, tableOf } from './table.mjs'
import { fill, small } from './volumes/metrics.mjs'
import { Peer } from './volumes/peers.mjs'

const { values } = parseArgs({ options: { most: { type: 'string', default: '100000' }, write: { type: 'boolean' } } })
const steps = [100, 1000, 10_000, 100_000].filter((count) => count <= Number(values.most))
const starts = 3

await main(async () => {
  const base = await mkdtemp('/var/tmp/pouch-bench-')
  const peer = new Peer('pouchd', base)
  try {
    await peer.start()
    await small(peer, 'warm', { sequential: 200, concurrent: 1000 })
    const rows = []
    for (const [index, count] of steps.entries()) {
      await fill(peer, steps[index - 1] ?? 0, count)
      rows.push(await rowOf(peer, count))
      process.stderr.write(`${rows.at(-1).join(' ')}\n`)
    }
    const head = [
      'volumes',
      'create p50 ms',
      'inspect p50 ms',
      'remove p50 ms',
      'create 16 /s',
      'remove 16 /s',
      'RSS MB',
      'start ms',
    ]
    const table = tableOf(head, rows)
    say(table)
    if (values.write) putTable('scale', table)
    return 0
  } finally {
    await peer.remove()
    await rm(base, { recursive: true, force: true })
  }
})

async function rowOf(peer, count) {
  const rounds = []
  for (let round = 0; round < 3; round += 1) {
    rounds.push(await small(peer, `at-${count}-${round}`, { sequential: 300, concurrent: 2000 }))
  }
  const median = (figure) =>
    quantile(
      rounds.map((round) => round[figure]),
      0.5,
    )
  const rss = peer.rssMb()
  const times = []
  for (let start = 0; start < starts; start += 1) {
    await peer.stop()
    times.push(await peer.start())
  }
  const milliseconds = ['createMs', 'inspectMs', 'removeMs'].map((figure) => median(figure).toFixed(3))
  const rates = ['createRate', 'removeRate'].map((figure) => median(figure).toFixed(0))
  return [String(count), ...milliseconds, ...rates, rss.toFixed(0), quantile(times, 0.5).toFixed(0)]
}
