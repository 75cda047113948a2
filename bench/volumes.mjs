// Volumes over Docker's API: pouchd, dockerd and podman on one machine in one run, their rounds interleaved.
//   node bench/volumes.mjs [--rounds 5] [--quick] [--write]     --write puts the table into bench/README.md
import { mkdtemp, rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { installDebian, needs } from '../scripts/setup/debian.mjs'
import { main, say } from '../scripts/setup/say.mjs'
import { quantile } from './measure.mjs'
import { putTable, tableOf } from './table.mjs'
import { fill, lists, small } from './volumes/metrics.mjs'
import { knownPeers, Peer } from './volumes/peers.mjs'
import { isReached, targets } from './volumes/targets.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean' }, write: { type: 'boolean' } },
})
const plan = values.quick
  ? { rounds: 1, sequential: 50, concurrent: 300, filled: 500, repeats: 3 }
  : { rounds: Number(values.rounds), sequential: 300, concurrent: 2000, filled: 10_000, repeats: 9 }

await main(async () => {
  if (!values.quick) await installDebian(needs.bench, { yes: true })
  const base = await mkdtemp('/var/tmp/pouch-bench-')
  const peers = (values.quick ? ['pouchd'] : knownPeers()).map((name) => new Peer(name, base))
  try {
    const figures = await measure(peers)
    const table = render(figures, peers)
    say(table)
    if (values.write) putTable('volumes', table)
    return 0
  } finally {
    for (const peer of peers) await peer.remove()
    await rm(base, { recursive: true, force: true })
  }
})

/** @returns figure → peer → median */
async function measure(peers) {
  const seen = new Map()
  const note = (peer, figures) => {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${figure} ${peer.name}`
      seen.set(key, [...(seen.get(key) ?? []), value])
    }
  }
  for (const peer of peers) await peer.start()
  // The first round warms the daemons and is thrown away.
  for (let round = 0; round <= plan.rounds; round += 1) {
    for (const peer of peers) {
      const figures = await small(peer, round, plan)
      process.stderr.write(`round ${round} ${peer.name} ${JSON.stringify(rounded(figures))}\n`)
      if (round > 0) note(peer, figures)
    }
  }
  for (const peer of peers) note(peer, { fillRate: await fill(peer, 0, plan.filled) })
  for (let round = 0; round < Math.min(3, plan.rounds); round += 1) {
    for (const peer of peers) note(peer, await lists(peer, plan.filled, plan.repeats))
  }
  for (let round = 0; round < Math.min(3, plan.rounds); round += 1) {
    for (const peer of peers) {
      await peer.stop()
      note(peer, { startFullMs: await peer.start() })
    }
  }
  return (figure, peer) => quantile(seen.get(`${figure} ${peer}`) ?? [Number.NaN], 0.5)
}

function rounded(figures) {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, +value.toFixed(3)]))
}

function render(figure, peers) {
  const others = peers.map(({ name }) => name).filter((name) => name !== 'pouchd')
  const head = ['', 'pouchd', ...others, 'pouchd / dockerd', 'target', 'reached']
  const rows = targets.map((target) => {
    const ours = figure(target.figure, 'pouchd')
    const ratio = ours / figure(target.figure, 'dockerd')
    const reached = isReached(target, ratio)
    const due = target.most === undefined ? (target.least === undefined ? '' : `≥ ${target.least}`) : `≤ ${target.most}`
    const cells = [ours, ...others.map((name) => figure(target.figure, name))].map(shown)
    const verdict = Number.isNaN(ratio) || reached === undefined ? '' : reached ? 'yes' : 'no'
    return [target.title, ...cells, Number.isNaN(ratio) ? '' : ratio.toFixed(2), due, verdict]
  })
  return tableOf(head, rows)
}

function shown(value) {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 3)
}
