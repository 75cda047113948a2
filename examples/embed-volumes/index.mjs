// Volumes in a Node program: no root, no daemon.   node index.mjs [directory]
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sqliteStore } from '@pouch/store-sqlite'
import { createVolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'

const home = resolve(process.argv[2] ?? 'pouch-home')
const store = await sqliteStore({ path: join(home, 'pouch.db') })
const engine = await createVolumeEngine({ home, drivers: [local()], store })
engine.events.on('volume.created', (volume) => console.log(`created ${volume.name} at ${volume.mountpoint}`))

// Creating it again later returns the same volume: the second run of this program finds its file.
await engine.volumes.create({ name: 'notes', labels: { app: 'example' } })
const reference = await engine.volumes.attach('notes', { holder: 'example' })
const file = join(reference.path, 'note.txt')
await writeFile(file, `last run: ${new Date().toISOString()}\n`, { flag: 'a' })
console.log((await readFile(file, 'utf8')).trim())

await engine.volumes.detach('notes', reference.id)
await engine.close()
await store.close()
