import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import type { Handlers, RouteCall } from '../http/route.js'
import { networkId } from './container-json.js'

const drivers: Readonly<Record<string, string>> = { host: 'host', none: 'null' }

/** The two networks that there are, as Docker shows them. Others cannot be made yet. */
export function networkHandlers(engine: Engine): Handlers {
  return {
    NetworkList: () => Object.keys(drivers).map((name) => networkJson(name, {})),
    NetworkInspect: ({ params }: RouteCall) =>
      networkJson(nameOf(params.id ?? ''), members(engine, nameOf(params.id ?? ''))),
    NetworkPrune: () => ({ NetworksDeleted: null }),
  }
}

function nameOf(reference: string): string {
  const name = Object.keys(drivers).find(
    (known) => known === reference || (reference.length >= 4 && networkId(known).startsWith(reference)),
  )
  if (name !== undefined) return name
  throw new PouchError('not-found', `network ${reference} not found`, {
    op: 'network.get',
    subject: reference,
    details: { known: Object.keys(drivers) },
  })
}

function members(engine: Engine, network: string): Record<string, object> {
  const running = engine.containers
    .list()
    .filter(({ config }) => (config.networkMode === 'host' ? 'host' : 'none') === network)
  return Object.fromEntries(
    running.map(({ id, name }) => [
      id,
      { Name: name, EndpointID: '', MacAddress: '', IPv4Address: '', IPv6Address: '' },
    ]),
  )
}

function networkJson(name: string, containers: Record<string, object>): object {
  return {
    Name: name,
    Id: networkId(name),
    Created: '1970-01-01T00:00:00Z',
    Scope: 'local',
    Driver: drivers[name],
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: [] },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: containers,
    Options: {},
    Labels: {},
  }
}
