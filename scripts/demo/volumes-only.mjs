// The demo without root: the volume engine inside this process, on a directory of the user's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, say } from '../setup/say.mjs'

const load = (name) => import(join(root, 'packages', name, 'dist/index.js'))

/** Creates a volume, writes into it, opens the engine again, reads it, removes everything. */
export async function volumesOnly({ store: kind }) {
  const [{ createVolumeEngine }, { local }, { tmpfs }] = await Promise.all(
    ['volume-core', 'volume-local', 'volume-tmpfs'].map(load),
  )
  const home = mkdtempSync(join(tmpdir(), 'pouch-demo-'))
  say(`The embedded volume engine, in ${home}: local driver, ${kind} store.`)
  try {
    const store = await openStore(kind, home)
    const first = await createVolumeEngine({ home, drivers: [local(), tmpfs()], store })
    const volume = await first.volumes.create({ name: 'greetings', labels: { made: 'by the demo' } })
    say(`created   volume ${volume.name} (${volume.driver}) at ${volume.mountpoint}`)
    const reference = await first.volumes.attach('greetings', { holder: 'demo' })
    writeFileSync(join(reference.path, 'hello.txt'), 'hello from a Node program\n')
    say('wrote     hello.txt through an attached reference')
    await first.volumes.remove('greetings').catch((error) => say(`refused   ${error.message}`))
    await first.volumes.detach('greetings', reference.id)
    await first.close()
    await store.close()
    const again = kind === 'memory' ? undefined : await openStore(kind, home)
    if (again !== undefined) await readAgain({ createVolumeEngine, local, tmpfs, home, store: again })
    else say('A memory store forgets when its process ends, so the second half is left out.')
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  say('removed   everything')
}

async function readAgain({ createVolumeEngine, local, tmpfs, home, store }) {
  const second = await createVolumeEngine({ home, drivers: [local(), tmpfs()], store })
  say('opened    the engine again, from what the store kept')
  const path = await second.volumes.path('greetings')
  say(`read      ${readFileSync(join(path, 'hello.txt'), 'utf8').trim()}`)
  await second.volumes.remove('greetings')
  await second.close()
  await store.close()
}

async function openStore(kind, home) {
  const path = join(home, 'pouch.db')
  if (kind === 'memory') return (await load('store')).memoryStore()
  const { sqliteStore, nodeSqliteStore } = await load('store-sqlite')
  return kind === 'sqlite' ? sqliteStore({ path }) : nodeSqliteStore({ path })
}
