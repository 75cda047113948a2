// How long `pouch --help` takes beside a bare node, interleaved.   node bench/cli-start.mjs [rounds]
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../scripts/setup/say.mjs'
import { row, time } from './measure.mjs'

const rounds = Number(process.argv[2] ?? 15)
const pouch = join(root, 'packages/cli/bin/pouch.js')
const commands = {
  'node -e 0': ['-e', '0'],
  'pouch --help': [pouch, '--help'],
  'pouch volume --help': [pouch, 'volume', '--help'],
  'pouch run --help': [pouch, 'run', '--help'],
}
const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]))
for (let round = -1; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(commands)) {
    const ms = await time(() => spawnSync(process.execPath, args, { stdio: 'ignore' }))
    if (round >= 0) times[name].push(ms)
  }
}
process.stdout.write(`${''.padEnd(44)}   median      p95   (ms, ${rounds} rounds; bound: 100)\n`)
for (const [name, values] of Object.entries(times)) row(name, values)
