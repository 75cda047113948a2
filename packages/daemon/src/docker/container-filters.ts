import { booleanFilter, type Filters } from '@pouch/api'
import type { Container, ContainerFilter, ContainerStatus } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'

const statuses: readonly string[] = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead']
const healths: readonly string[] = ['starting', 'healthy', 'unhealthy', 'none']

/** The part of a list's filters that the container manager knows. @throws PouchError `invalid-argument` in Docker's words */
export function managerFilter(filters: Filters): ContainerFilter {
  const status = filters.status?.map((value) => oneOf('status', value, statuses) as ContainerStatus)
  return {
    ids: filters.id,
    names: filters.name,
    status,
    labels: filters.label,
    volume: filters.volume,
    ancestor: filters.ancestor,
    exitCodes: filters.exited?.map(exitCode),
    networks: filters.network,
    before: filters.before?.[0],
    since: filters.since?.[0],
  }
}

/**
 * The rest of a list's filters, as a predicate. There are no health checks, no tasks and no published ports: what asks
 * for them matches nothing.
 *
 * @throws PouchError `invalid-argument` in Docker's words
 */
export function otherFilters(filters: Filters): (container: Container) => boolean {
  const health = filters.health?.map((value) => oneOf('health', value, healths))
  const isTask = booleanFilter(filters, 'is-task')
  const exposed = filters.expose?.map(portRange)
  const published = filters.publish?.map(portRange)
  return ({ config }) =>
    (health === undefined || health.includes('none')) &&
    isTask !== true &&
    published === undefined &&
    (exposed === undefined || exposed.some((range) => config.exposedPorts.some((port) => isWithin(port, range))))
}

interface PortRange {
  readonly first: number
  readonly last: number
  readonly protocol: string
}

function portRange(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  if (match === null || first > 65_535 || last > 65_535)
    throw invalid(`error while looking up for publish ${text}: it is not a port`, text)
  return { first, last, protocol: match[3] ?? 'tcp' }
}

function isWithin(port: string, { first, last, protocol }: PortRange): boolean {
  const [number, own = 'tcp'] = port.split('/')
  return own === protocol && Number(number) >= first && Number(number) <= last
}

function oneOf(key: string, value: string, known: readonly string[]): string {
  if (known.includes(value)) return value
  if (key === 'health') throw invalid(`unrecognized filter value for health: ${value}`, key)
  throw invalid(`invalid filter '${key}=${value}': there are ${known.join(', ')}`, key)
}

function exitCode(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text)
  throw invalid(`invalid filter 'exited=${text}': it is not a number`, 'exited')
}

function invalid(message: string, subject: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'container.list', subject })
}
