import type { Option } from 'commander'
import type { Session } from '../session.js'
import type { Place } from './complete.js'

type Client = Session['client']
type Lookup = (client: Client, operands: readonly string[]) => Promise<readonly string[]>

const containers: Lookup = async (client) =>
  (await client.containers.list({ all: true })).flatMap(({ Names: names }) =>
    names.map((name) => name.replace(/^\//, '')),
  )

const images: Lookup = async (client) => (await client.images.list()).flatMap(({ RepoTags: tags }) => tags)

const volumes: Lookup = async (client) => (await client.volumes.list()).volumes.map(({ Name: name }) => name)

const snapshots: Lookup = async (client, [volume = '']) =>
  (await client.pouch.snapshots.list(volume)).map(({ name }) => name)

const drivers: Lookup = async (client) => (await client.pouch.drivers()).map(({ name }) => name)

const both: Lookup = async (client, operands) => [
  ...(await containers(client, operands)),
  ...(await images(client, operands)),
]

/** What the arguments of a command are, by its path: one look-up for each, the last one for all that follow. */
const argumentLookups: Readonly<Record<string, readonly (Lookup | undefined)[]>> = {
  ...Object.fromEntries(
    ['start', 'stop', 'restart', 'kill', 'rm', 'pause', 'unpause', 'wait'].map((name) => [name, [containers]]),
  ),
  logs: [containers, undefined],
  attach: [containers, undefined],
  exec: [containers, undefined],
  rename: [containers, undefined],
  run: [images, undefined],
  create: [images, undefined],
  rmi: [images],
  tag: [images, undefined],
  images: [images, undefined],
  inspect: [both],
  'volume inspect': [volumes],
  'volume remove': [volumes],
  'volume update': [volumes, undefined],
  'volume rename': [volumes, undefined],
  'volume export': [volumes, undefined],
  'volume migrate': [volumes, undefined],
  'volume snapshot create': [volumes, undefined],
  'volume snapshot list': [volumes, undefined],
  'volume snapshot remove': [volumes, snapshots],
  'volume snapshot restore': [volumes, snapshots, undefined],
}

/** What the next argument of a command may be. */
export async function argumentCandidates({ client }: Session, { path, operands }: Place): Promise<readonly string[]> {
  const lookups = argumentLookups[path] ?? []
  const lookup = lookups[Math.min(operands.length, lookups.length - 1)]
  return lookup === undefined ? [] : lookup(client, operands)
}

/** What the value of an option may be. */
export async function optionCandidates(
  { client }: Session,
  { path, operands, given }: Place,
  { long }: Option,
  typed: string,
): Promise<readonly string[]> {
  if (!path.startsWith('volume ')) return []
  if (long === '--filter') return filters(client, path, typed)
  if (long === '--driver') return drivers(client, operands)
  if (long === '--opt' || long === '--option') return driverOptions(client, given.get('--driver'), typed)
  if (long === '--from') return sources(client, typed)
  return long === '--compress' ? ['gzip', 'zstd'] : []
}

/** Of the named driver, or of the default one, as far as it is known: the names, and behind the `=` the values. */
async function driverOptions(client: Client, named: string | undefined, typed: string): Promise<readonly string[]> {
  const known = await client.pouch.drivers()
  const chosen = known.filter(({ name, isDefault }) => (named === undefined ? isDefault : name === named))
  const options = chosen
    .flatMap((driver) => driver.options ?? [])
    .filter(({ unsupported }) => unsupported === undefined)
  const at = typed.indexOf('=')
  if (at < 0) return options.map(({ name }) => `${name}=`)
  const key = typed.slice(0, at)
  const option = options.find(({ name, aliases = [] }) => name === key || aliases.includes(key))
  const values = option?.type === 'boolean' ? ['true', 'false'] : (option?.values ?? [])
  return values.map((value) => `${key}=${value}`)
}

const filterKeys: Readonly<Record<string, readonly string[]>> = {
  'volume list': ['dangling=', 'driver=', 'label=', 'name='],
  'volume prune': ['all=', 'label=', 'label!='],
}

/** The keys of a filter, and behind the `=` the values that are known. */
async function filters(client: Client, path: string, typed: string): Promise<readonly string[]> {
  const key = typed.slice(0, typed.indexOf('=') + 1)
  const keys = filterKeys[path] ?? []
  if (!keys.includes(key)) return keys
  const values: Readonly<Record<string, () => Promise<readonly string[]>>> = {
    'dangling=': async () => ['true', 'false'],
    'all=': async () => ['true', 'false'],
    'driver=': () => drivers(client, []),
    'name=': () => volumes(client, []),
  }
  return ((await values[key]?.()) ?? []).map((value) => `${key}${value}`)
}

/** `VOLUME`, and behind an `@` the snapshots of it. */
async function sources(client: Client, typed: string): Promise<readonly string[]> {
  const at = typed.indexOf('@')
  if (at < 0) return volumes(client, [])
  const volume = typed.slice(0, at)
  return (await snapshots(client, [volume])).map((name) => `${volume}@${name}`)
}
