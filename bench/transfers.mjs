// The content of volumes out of pouchd and into it, against GNU tar; trees of small files against tar and cp. The packages have to be built.
//   node bench/transfers.mjs [--megabytes 300] [--files 3000] [--rounds 3] [--write]
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyTree, packTree, unpackTree } from '../packages/file-tree/dist/index.js'
import { main, say } from '../scripts/setup/say.mjs'
import { quantile, time } from './measure.mjs'
import { putTable, tableOf } from './table.mjs'
import { Peer } from './volumes/peers.mjs'

const number = (value) => ({ type: 'string', default: value })
const { values } = parseArgs({
  options: { megabytes: number('300'), files: number('3000'), rounds: number('3'), write: { type: 'boolean' } },
})
const [megabytes, files, rounds] = [values.megabytes, values.files, values.rounds].map(Number)
const cli = join(import.meta.dirname, '../packages/cli/bin/pouch.js')

await main(async () => {
  const base = await mkdtemp('/var/tmp/pouch-bench-')
  const small = await mkdtemp('/dev/shm/pouch-bench-')
  const peer = new Peer('pouchd', base)
  try {
    await peer.start()
    const rows = [...(await large(peer, base)), ...(await trees(small))]
    const table = tableOf(['work', 'median ms', 'rate'], rows)
    say(table)
    if (values.write) putTable('transfers', table)
    return 0
  } finally {
    await peer.remove()
    for (const folder of [base, small]) await rm(folder, { recursive: true, force: true })
  }
})

async function large(peer, base) {
  const pouch = (...args) => execFileSync('node', [cli, '-H', `unix://${peer.socket}`, ...args], { encoding: 'utf8' })
  pouch('volume', 'create', '--name', 'source')
  const folder = JSON.parse(pouch('volume', 'inspect', 'source'))[0].Mountpoint
  for (let index = 0; index < megabytes; index += 1) {
    writeFileSync(join(folder, 'file'), Buffer.alloc(1e6, `pouch${index}`), { flag: 'a' })
  }
  const env = { ...process.env, CLI: cli, H: `unix://${peer.socket}`, SOCK: peer.socket, VOL: folder, BASE: base }
  const shell = (script) => () => execFileSync('sh', ['-c', script], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  shell('tar -C "$VOL" -cf "$BASE/tar" .')()
  const url = 'http://pouchd/pouch/v1/volumes'
  const works = {
    'export: GNU tar to a pipe': shell('tar -C "$VOL" -cf - . | cat > /dev/null'),
    'export: packTree in this process': async () => {
      for await (const _ of packTree(folder, { chunks: 'borrowed' }));
    },
    'export: curl from the socket': shell(`curl -sS --unix-socket "$SOCK" ${url}/source/archive -o /dev/null`),
    'export: curl to a pipe': shell(`curl -sS --unix-socket "$SOCK" ${url}/source/archive | cat > /dev/null`),
    'export: pouch to a pipe': shell('node "$CLI" -H "$H" volume export source | cat > /dev/null'),
    'import: GNU tar and sync': shell('mkdir "$BASE/to" && tar -C "$BASE/to" -xf "$BASE/tar" && sync -f "$BASE/to"'),
    'import: curl to the socket': shell(
      `curl -sSf --unix-socket "$SOCK" -H expect: -X POST -T "$BASE/tar" "${url}/import?name=target"`,
    ),
    'import: pouch': shell('node "$CLI" -H "$H" volume import "$BASE/tar" target'),
  }
  const after = shell('rm -rf "$BASE/to"; node "$CLI" -H "$H" volume rm -f target 2> /dev/null; true')
  return await measured(works, megabytes, 'MB/s', () => {}, after)
}

async function trees(base) {
  const [from, to] = [join(base, 'from'), join(base, 'to')]
  for (let index = 0; index < files; index += 1) {
    const folder = join(from, String(Math.floor(index / 100)))
    if (index % 100 === 0) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, String(index)), 'x'.repeat(100 + (index % 4000)))
  }
  const shell = (script) => () => execFileSync('sh', ['-c', script, 'sh', from, to])
  const works = {
    'small files: cp -a': shell('cp -a "$1/." "$2"'),
    'small files: copyTree': async () => await copyTree(from, to),
    'small files: tar to tar': shell('tar -C "$1" -cf - . | tar -C "$2" -xpf -'),
    'small files: packTree to unpackTree': async () => await unpackTree(to, packTree(from)),
  }
  return await measured(
    works,
    files,
    'files/s',
    () => mkdirSync(to),
    async () => await rm(to, { recursive: true }),
  )
}

/** The first round warms the page cache and the compiler. */
async function measured(works, amount, unit, before, after) {
  const times = new Map(Object.keys(works).map((work) => [work, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (const [work, run] of Object.entries(works)) {
      await before()
      const tookMs = await time(run)
      await after()
      if (round > 0) times.get(work).push(tookMs)
    }
  }
  return [...times].map(([work, all]) => {
    const ms = quantile(all, 0.5)
    return [work, ms.toFixed(0), `${Math.round((amount * 1000) / ms)} ${unit}`]
  })
}
