import type { EventMessage, SystemVersion } from '@pouch/api'
import { apiVersion, minApiVersion } from '@pouch/api'
import type { Engine, EngineEvent } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'
import { type Handlers, type RouteCall, sent } from '../http/route.js'
import { StreamReply } from '../http/stream-reply.js'
import { diskUsage } from './disk-usage.js'
import { systemInfo } from './system-info.js'

/** What the routes of the daemon itself need. */
export interface SystemOptions {
  readonly engine: Engine
  readonly log: Logger
  /** Whether debug messages are logged. */
  readonly debug: boolean
}

/** Docker's routes of the daemon itself. */
export function systemHandlers({ engine, log, debug }: SystemOptions): Handlers {
  return {
    SystemPing: (call) => ping(call, 'OK'),
    SystemPingHead: (call) => ping(call, ''),
    SystemInfo: async ({ signal }) => systemInfo(await engine.system.info({ signal }), debug),
    SystemVersion: (call) => version(engine, call),
    SystemEvents: (call) => events(engine, call, log),
    SystemDataUsage: (call) => diskUsage(engine, call),
  }
}

function ping({ response }: RouteCall, body: string): typeof sent {
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
    swarm: 'inactive',
  })
  response.end(body)
  return sent
}

async function version(engine: Engine, { signal }: RouteCall): Promise<SystemVersion> {
  const facts = await engine.system.version({ signal })
  const arch = { x86_64: 'amd64', aarch64: 'arm64' }[facts.architecture] ?? facts.architecture
  const common = {
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: arch,
    KernelVersion: facts.kernelVersion,
  }
  const { version: containerd, revision } = facts.containerd
  return {
    Platform: { Name: 'Pouch' },
    Components: [
      {
        Name: 'Engine',
        Version: facts.version,
        Details: { ...common, Experimental: 'false', NodeVersion: facts.node },
      },
      { Name: 'containerd', Version: containerd, Details: { GitCommit: revision } },
    ],
    Version: facts.version,
    ...common,
  }
}

async function events(engine: Engine, { query, signal, response }: RouteCall, log: Logger): Promise<typeof sent> {
  const [sinceNs, untilNs] = [query.timestamp('since'), query.timestamp('until')]
  if (sinceNs !== undefined && untilNs !== undefined && sinceNs > untilNs) {
    const [since, until] = [query.text('since'), query.text('until')]
    throw new PouchError('invalid-argument', `\`since\` time (${since}) cannot be after \`until\` time (${until})`, {
      op: 'system.events',
    })
  }
  const filters = query.filters()
  const stream = new StreamReply(response, 'application/json')
  try {
    for await (const event of engine.system.events({ sinceNs, untilNs, filters, signal })) {
      await stream.write(eventLine(event))
    }
    stream.end()
  } catch (error) {
    // The reply has begun: the client sees that it broke off.
    log.warn({ err: error }, 'a reader of events was cut off')
    stream.destroy()
  }
  return sent
}

/** An event as Docker writes it, with its line end. The nanoseconds are more than a JavaScript number holds. */
export function eventLine({ type, action, subject, attributes, timeNs }: EngineEvent): string {
  const legacy = type === 'volume' ? {} : { status: action, id: subject }
  const from = type === 'container' && attributes.image !== undefined ? { from: attributes.image } : {}
  const message: Omit<EventMessage, 'timeNano'> = {
    ...legacy,
    ...from,
    Type: type,
    Action: action,
    Actor: { ID: subject, Attributes: { ...attributes } },
    scope: 'local',
    time: Number(timeNs / 1_000_000_000n),
  }
  return `${JSON.stringify(message).slice(0, -1)},"timeNano":${timeNs}}\n`
}
