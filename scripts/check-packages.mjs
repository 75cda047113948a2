// What npm would get: publint and attw over the packed tarball of each public package.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packAll, publicPackages } from './setup/packages.mjs'
import { main, root, run, say } from './setup/say.mjs'

await main(async () => {
  const { publint } = await import(createRequire(join(root, 'package.json')).resolve('publint'))
  const { formatMessage } = await import(createRequire(join(root, 'package.json')).resolve('publint/utils'))
  const tarballs = await packAll()
  let faults = 0
  for (const { name, manifest } of publicPackages()) {
    const tarball = readFileSync(tarballs.get(name))
    const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength)
    const { messages } = await publint({ pack: { tarball: bytes }, strict: true })
    for (const message of messages) say(`${name}: ${formatMessage(message, manifest)}`)
    // ESM only: require() of it works on every supported Node, which attw's esm-only profile knows.
    const args = [tarballs.get(name), '--profile', 'esm-only', '--no-emoji', '--no-color', '--format', 'ascii']
    const types = await run(join(root, 'node_modules/.bin/attw'), args, { quiet: true, mayFail: true })
    if (types.code !== 0) say(types.output)
    faults += messages.length + (types.code === 0 ? 0 : 1)
  }
  say(
    faults === 0
      ? `package shape: ${tarballs.size} tarballs, publint and attw find nothing`
      : `package shape: ${faults} faults`,
  )
  return faults === 0 ? 0 : 1
})
