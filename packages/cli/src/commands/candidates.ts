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

const driverOptions: Lookup = async (client) =>
  (await client.pouch.drivers()).flatMap(({ options = [] }) => options.map(({ name }) => `${name}=`))

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
  { path, operands }: Place,
  { long }: Option,
  typed: string,
): Promise<readonly string[]> {
  if (!path.startsWith('volume ')) return []
  if (long === '--driver') return drivers(client, operands)
  if (long === '--opt' || long === '--option') return driverOptions(client, operands)
  if (long === '--from') return sources(client, typed)
  return long === '--compress' ? ['gzip', 'zstd'] : []
}

/** `VOLUME`, and behind an `@` the snapshots of it. */
async function sources(client: Client, typed: string): Promise<readonly string[]> {
  const at = typed.indexOf('@')
  if (at < 0) return volumes(client, [])
  const volume = typed.slice(0, at)
  return (await snapshots(client, [volume])).map((name) => `${volume}@${name}`)
}
