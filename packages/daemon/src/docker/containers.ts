import type { ContainerCreateBody, ContainerPruneResponse, ContainerSummary } from '@pouch/api'
import { compareVersions, filterKeys, matchesLabels, parseDetachKeys } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import { EmptyReply, type Handlers, type RouteCall } from '../http/route.js'
import { managerFilter, otherFilters } from './container-filters.js'
import { containerInspect } from './container-json.js'
import { containerSummary } from './container-summary.js'
import { configOfBody } from './create-body.js'
import { findContainer } from './find-container.js'
import { checkPlatform } from './platform.js'
import { parsePruneTime } from './prune-time.js'
import { waitForContainer } from './wait.js'

/** Docker's routes of containers, but for their streams. */
export function containerHandlers(engine: Engine): Handlers {
  const named = (call: RouteCall) => findContainer(engine, call.params.id ?? '').id
  return {
    ContainerList: (call) => list(engine, call),
    ContainerCreate: (call) => create(engine, call),
    ContainerInspect: (call) => containerInspect(findContainer(engine, call.params.id ?? '')),
    ContainerStart: (call) => start(engine, call),
    ContainerStop: async (call) => changed(await engine.containers.stop(named(call), stopOptions(call))),
    ContainerRestart: async (call) => engine.containers.restart(named(call), stopOptions(call)),
    ContainerKill: (call) => kill(engine, call),
    ContainerWait: (call) => waitForContainer(engine, call),
    ContainerRename: (call) => rename(engine, call),
    ContainerPause: async (call) => engine.containers.pause(named(call)),
    ContainerUnpause: async (call) => engine.containers.unpause(named(call)),
    ContainerResize: async (call) => {
      await engine.containers.resize(named(call), terminalSize(call))
      return undefined
    },
    ContainerDelete: (call) => remove(engine, call),
    ContainerPrune: (call) => prune(engine, call),
  }
}

/** The size that a resize asks for. */
export function terminalSize({ query }: RouteCall): { height: number; width: number } {
  const [height, width] = [query.int('h'), query.int('w')]
  if (height === undefined || width === undefined || height < 1 || width < 1 || height > 65_535 || width > 65_535) {
    throw new PouchError('invalid-argument', 'a size needs h and w, each between 1 and 65535', {
      op: 'container.resize',
    })
  }
  return { height, width }
}

const changed = (done: boolean): EmptyReply | undefined => (done ? undefined : new EmptyReply(304))

function list(engine: Engine, { query }: RouteCall): ContainerSummary[] {
  const filters = query.filters(filterKeys.containers)
  const nowMs = Date.now()
  const limit = query.int('limit') ?? 0
  const matches = otherFilters(filters)
  // A limit shows those that do not run too.
  const found = engine.containers
    .list({ ...managerFilter(filters), all: query.bool('all') || limit > 0 })
    .filter(matches)
  const shown = limit > 0 ? found.slice(0, limit) : found
  return shown.map((container) => containerSummary(container, nowMs))
}

async function create(engine: Engine, { body, query, version, signal }: RouteCall) {
  if (body === undefined) {
    throw new PouchError('invalid-argument', 'invalid JSON: got EOF while reading request body', {
      op: 'container.create',
    })
  }
  const wanted = body as ContainerCreateBody | null
  if (wanted === null || Object.keys(wanted).length === 0) {
    throw new PouchError('invalid-argument', 'Config cannot be empty in order to create a container', {
      op: 'container.create',
    })
  }
  const config = configOfBody(wanted, version)
  await checkPlatform(engine, config.image, query.text('platform'))
  const { id, warnings } = await engine.containers.create(config, { name: query.text('name'), signal })
  return { Id: id, Warnings: warnings }
}

async function start(engine: Engine, { params, query, request }: RouteCall): Promise<EmptyReply | undefined> {
  const bodyBytes = Number(request.headers['content-length'] ?? 0)
  if (bodyBytes > 7 || request.headers['transfer-encoding'] !== undefined) {
    throw new PouchError(
      'invalid-argument',
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
      { op: 'container.start' },
    )
  }
  const detachKeys = query.text('detachKeys')
  if (detachKeys !== undefined) parseDetachKeys(detachKeys)
  return changed(await engine.containers.start(findContainer(engine, params.id ?? '').id))
}

function stopOptions({ query, version }: RouteCall): {
  signal: string | undefined
  timeoutSeconds: number | undefined
} {
  const signal = compareVersions(version, '1.42') >= 0 ? query.text('signal') : undefined
  return { signal, timeoutSeconds: query.int('t') }
}

async function kill(engine: Engine, { params, query }: RouteCall): Promise<void> {
  const name = params.id ?? ''
  try {
    await engine.containers.kill(findContainer(engine, name).id, query.text('signal'))
  } catch (thrown) {
    const error = PouchError.from(thrown)
    throw new PouchError(error.code, `Cannot kill container: ${name}: ${error.message}`, {
      op: error.op,
      subject: error.subject,
      details: error.details,
      cause: error,
    })
  }
}

async function rename(engine: Engine, { params, query }: RouteCall): Promise<void> {
  const container = findContainer(engine, params.id ?? '')
  const name = query.text('name')?.replace(/^\//, '') ?? ''
  if (name === '')
    throw new PouchError('invalid-argument', 'Neither old nor new names may be empty', { op: 'container.rename' })
  await engine.containers.rename(container.id, name)
}

async function remove(engine: Engine, { params, query }: RouteCall): Promise<void> {
  if (query.bool('link')) {
    throw new PouchError('unsupported', 'links between containers are not supported: remove the container itself', {
      op: 'container.remove',
    })
  }
  const { id } = findContainer(engine, params.id ?? '')
  await engine.containers.remove(id, { force: query.bool('force'), volumes: query.bool('v') })
}

async function prune(engine: Engine, { query, signal }: RouteCall): Promise<ContainerPruneResponse> {
  const filters = query.filters(filterKeys.containersPrune)
  const untilMs = parsePruneTime(filters.until, Date.now())
  const removed: string[] = []
  for (const container of engine.containers.list({ status: ['created', 'exited', 'dead'] })) {
    if (signal.aborted) break
    const { labels } = container.config
    const isExcepted = (filters['label!'] ?? []).some((label) => matchesLabels(labels, [label]))
    if (isExcepted || !matchesLabels(labels, filters.label)) continue
    if (untilMs !== undefined && Date.parse(container.createdAt) >= untilMs) continue
    await engine.containers.remove(container.id)
    removed.push(container.id)
  }
  return { ContainersDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: 0 }
}
