import type { Container, ContainerFilter } from './container.js'
import type { ContainerRegistry } from './container-registry.js'

/** The containers that a filter selects, newest first. @throws PouchError `not-found` for `before` and `since` */
export function selectContainers(registry: ContainerRegistry, filter: ContainerFilter): Container[] {
  const { before, since, limit } = filter
  const beforeTime = before === undefined ? undefined : registry.find(before).record.createdAt
  const sinceTime = since === undefined ? undefined : registry.find(since).record.createdAt
  const selected: Container[] = []
  for (const entry of registry.all()) {
    const { createdAt } = entry.record
    if (beforeTime !== undefined && createdAt >= beforeTime) continue
    if (sinceTime !== undefined && createdAt <= sinceTime) continue
    const container = entry.container()
    if (matches(container, filter)) selected.push(container)
    if (limit !== undefined && limit > 0 && selected.length === limit) break
  }
  return selected
}

function matches(container: Container, filter: ContainerFilter): boolean {
  const { status } = container.state
  const isShown =
    filter.all === true ||
    (filter.limit ?? 0) > 0 ||
    filter.status !== undefined ||
    status === 'running' ||
    status === 'paused'
  return (
    isShown &&
    any(filter.status, (wanted) => wanted === status) &&
    any(filter.ids, (prefix) => container.id.startsWith(prefix)) &&
    any(filter.names, (name) => matchesName(container.name, name)) &&
    (filter.labels ?? []).every((label) => hasLabel(container.config.labels, label)) &&
    any(filter.volume, (wanted) =>
      container.mounts.some(({ name, source, destination }) => [name, source, destination].includes(wanted)),
    ) &&
    any(filter.ancestor, (wanted) => matchesImage(container, wanted)) &&
    any(filter.exitCodes, (code) => status === 'exited' && container.state.exitCode === code) &&
    any(filter.networks, (network) => container.config.networkMode === network)
  )
}

function any<T>(wanted: readonly T[] | undefined, test: (value: T) => boolean): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.some(test)
}

/** An exact name, or a regular expression that is found somewhere in it; one that is none matches nothing. */
function matchesName(name: string, wanted: string): boolean {
  if (name === wanted || `/${name}` === wanted) return true
  try {
    const expression = new RegExp(wanted)
    return expression.test(name) || expression.test(`/${name}`)
  } catch {
    return false
  }
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=')
  if (equals < 0) return Object.hasOwn(labels, wanted)
  const key = wanted.slice(0, equals)
  return Object.hasOwn(labels, key) && labels[key] === wanted.slice(equals + 1)
}

function matchesImage({ image, imageId }: Container, wanted: string): boolean {
  return (
    image === wanted ||
    `${image}:latest` === wanted ||
    image === `${wanted}:latest` ||
    imageId === wanted ||
    imageId === `sha256:${wanted}` ||
    (wanted.length >= 12 && imageId.startsWith(`sha256:${wanted}`))
  )
}
