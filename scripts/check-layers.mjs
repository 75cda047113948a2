// Holds the packages to the picture in docs/architecture.md: arrows go down, sideways only where this file says so.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, say } from './setup/say.mjs'

/** From the ground up. A package may depend on packages of the layers below its own. */
const layers = ['foundation', 'contracts', 'adapters', 'managers', 'composition', 'edge', 'apps']
/** The arrows inside one layer that are allowed; everything in foundation may use errors. */
const sideways = [
  ['volume-core', 'store'],
  ['client', 'api'],
  ['events', 'errors'],
  ['units', 'errors'],
  ['service', 'errors'],
  ['libc', 'errors'],
  ['mount', 'errors'],
  ['mount', 'libc'],
  ['quota', 'errors'],
  ['quota', 'libc'],
  ['quota', 'mount'],
  ['quota', 'units'],
  ['ctrd-client', 'errors'],
  ['file-tree', 'errors'],
  ['file-tree', 'libc'],
]
/** An adapter sees a contract through these doors. Types and contracts, never an engine. */
const adapterDoors = { 'volume-core': ['/driver', '/testing'], store: ['', '/testing'] }
/** Only apps name concrete adapters, so nobody else may depend on one. */
const forbiddenNames = /^(utils?|common|shared|helpers?)$/

await main(() => {
  const packages = readPackages()
  const faults = [...packages.values()].flatMap((from) => [
    ...nameFaults(from),
    ...arrowFaults(from, packages),
    ...importFaults(from),
  ])
  for (const fault of faults) say(fault)
  say(
    faults.length === 0
      ? `layers: ${packages.size} packages, every arrow goes down`
      : `layers: ${faults.length} faults`,
  )
  return faults.length === 0 ? 0 : 1
})

function readPackages() {
  const found = new Map()
  for (const folder of readdirSync(join(root, 'packages'))) {
    const file = join(root, 'packages', folder, 'package.json')
    if (!existsSync(file)) continue
    found.set(folder, { folder, manifest: JSON.parse(readFileSync(file, 'utf8')) })
  }
  return found
}

function* nameFaults({ folder, manifest }) {
  if (forbiddenNames.test(folder)) yield `${folder}: this name tells nothing; name the thing that it holds`
  if (manifest.name !== `@pouch/${folder}`) yield `${folder}: the folder and the name ${manifest.name} differ`
  if (!layers.includes(manifest.pouch?.layer))
    yield `${folder}: no known layer in package.json ("pouch": { "layer": … })`
  if (manifest.sideEffects !== false) yield `${folder}: "sideEffects" is not false`
}

function* arrowFaults(from, packages) {
  const { dependencies, peerDependencies, devDependencies, optionalDependencies } = from.manifest
  const arrows = new Set(
    Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies, ...optionalDependencies }),
  )
  for (const name of arrows) {
    const to = packages.get(name.replace(/^@pouch\//, ''))
    if (!name.startsWith('@pouch/') || to === undefined) continue
    const up = layers.indexOf(to.manifest.pouch?.layer) - layers.indexOf(from.manifest.pouch?.layer)
    const allowed = sideways.some(([a, b]) => a === from.folder && b === to.folder)
    if (up > 0) yield `${from.folder} → ${to.folder}: the arrow runs up`
    if (up === 0 && !allowed)
      yield `${from.folder} → ${to.folder}: sideways, and not in the list of scripts/check-layers.mjs`
    if (to.manifest.pouch?.layer === 'adapters' && from.manifest.pouch?.layer !== 'apps') {
      yield `${from.folder} → ${to.folder}: only apps name concrete adapters`
    }
  }
}

function* importFaults(from) {
  const known = new Set(Object.keys({ ...from.manifest.dependencies, ...from.manifest.peerDependencies }))
  for (const file of sources(join(root, 'packages', from.folder, 'src'))) {
    for (const [, name, door = ''] of readFileSync(file, 'utf8').matchAll(/from '@pouch\/([a-z-]+)(\/[a-z-]+)?'/g)) {
      const place = file.slice(root.length + 1)
      if (name !== from.folder && !known.has(`@pouch/${name}`))
        yield `${place}: imports @pouch/${name}, which package.json does not name`
      const doors = adapterDoors[name]
      if (from.manifest.pouch?.layer === 'adapters' && doors !== undefined && !doors.includes(door)) {
        yield `${place}: an adapter imports @pouch/${name}${door}; its doors are ${doors.map((each) => `@pouch/${name}${each}`).join(', ')}`
      }
    }
  }
}

function* sources(folder) {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name !== 'gen') yield* sources(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}
