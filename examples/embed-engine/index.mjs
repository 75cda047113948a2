// A container engine in a Node program.   node index.mjs image.tar [directory]     (root; containerd and runc installed)
import { createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { connectContainerd, superviseContainerd } from '@pouch/ctrd-client'
import { createEngine } from '@pouch/engine'
import { sqliteStore } from '@pouch/store-sqlite'
import { createVolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
import { tmpfs } from '@pouch/volume-tmpfs'

const [archive, directory = 'pouch-home'] = process.argv.slice(2)
const home = resolve(directory)
const supervised = await superviseContainerd({ home })
const containerd = connectContainerd({ address: supervised.address, namespace: 'pouch' })
const store = await sqliteStore({ path: join(home, 'pouch.db') })
const volumes = await createVolumeEngine({ home, drivers: [local(), tmpfs()], store })
const runtimeOptions = { root: supervised.runcRoot }
const engine = await createEngine({ home, store, volumes, containerd, runtimeOptions })

const [{ image }] = await engine.images.load(createReadStream(archive))
await engine.volumes.create({ name: 'greetings' })
const shell = async (script) => {
  const mounts = [{ type: 'volume', name: 'greetings', target: '/data' }]
  const { id } = await engine.containers.create({ image: image.id, command: ['sh', '-c', script], mounts })
  await engine.containers.start(id)
  const { exitCode } = await engine.containers.wait(id, 'not-running')
  for await (const entry of engine.containers.logs(id, { stdout: true, stderr: true })) process.stdout.write(entry.line)
  await engine.containers.remove(id)
  return exitCode
}
console.log('writer ended with', await shell('echo hello from a container > /data/hello.txt'))
console.log('reader ended with', await shell('cat /data/hello.txt'))

await engine.volumes.remove('greetings')
await engine.images.remove(image.id, { force: true })
await engine.close()
await volumes.close()
await store.close()
containerd.close()
await supervised.stop()
