// A change of a package's public types since its last release must be announced by a pending changeset.
//   --record   writes down today's types as the released ones (part of a release, after `changeset version`)
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicPackages } from './setup/packages.mjs'
import { main, root, SetupError, say } from './setup/say.mjs'

const released = join(root, '.changeset/released-types.json')

await main(() => {
  const now = Object.fromEntries(publicPackages().map(({ name, folder }) => [name, digestOfTypes(folder)]))
  if (process.argv.includes('--record')) {
    writeFileSync(released, `${JSON.stringify(now, null, 2)}\n`)
    return 0
  }
  const before = existsSync(released) ? JSON.parse(readFileSync(released, 'utf8')) : {}
  const announced = announcedPackages()
  const missing = Object.keys(now).filter((name) => now[name] !== before[name] && !announced.has(name))
  for (const name of missing) say(`${name}: its public types changed, and no changeset says so (pnpm changeset)`)
  const unknown = [...announced].filter((name) => !(name in now))
  for (const name of unknown) say(`a changeset names ${name}, which is no public package`)
  if (missing.length + unknown.length === 0) say(`changesets: ${announced.size} packages announced, none missing`)
  return missing.length + unknown.length === 0 ? 0 : 1
})

function digestOfTypes(folder) {
  const dist = join(folder, 'dist')
  if (!existsSync(dist)) throw new SetupError(`${dist} is missing: run \`npm run build\` first`)
  const hash = createHash('sha256')
  const files = readdirSync(dist).filter((name) => name.endsWith('.d.ts'))
  // tsup puts a digest into the names of shared files; it says nothing about the types.
  const plain = (text) => text.replace(/-[A-Za-z0-9_-]{8}(?=\.(js|d\.ts))/g, '')
  const texts = files.map((name) => plain(`${name}\n${readFileSync(join(dist, name), 'utf8')}`))
  for (const text of texts.sort()) hash.update(text)
  return hash.digest('hex')
}

function announcedPackages() {
  const names = new Set()
  for (const file of readdirSync(join(root, '.changeset')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )) {
    const [, front = ''] = readFileSync(join(root, '.changeset', file), 'utf8').split(/^---$/m)
    for (const [, name] of front.matchAll(/^["']?(@pouch\/[a-z-]+)["']?:/gm)) names.add(name)
  }
  return names
}
