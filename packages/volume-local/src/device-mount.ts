import { lookup } from 'node:dns/promises'
import { isIPv4, isIPv6 } from 'node:net'
import { PouchError } from '@pouch/errors'
import type { DeviceSettings } from './device-settings.js'

/** The arguments of a mount. */
export interface DeviceMount {
  readonly source: string
  readonly type: string
  readonly options: readonly string[]
}

/** Finds the address of a host. */
export type Resolver = (host: string) => Promise<string>

/** Asks as every program of this host does: the hosts file first, then the name servers. */
export const systemResolver: Resolver = async (host) => (await lookup(host)).address

/**
 * What `type`, `device` and `o` mean to mount(2). The kernel knows no names of hosts: that of an nfs or cifs server is looked up now, at each
 * mount, in `addr=` or in the host of a cifs share. The device of an export without a host (`:/path`) gets the address, which is what
 * mount.nfs wants where it is installed.
 *
 * @throws PouchError `unavailable` when the name cannot be looked up
 */
export async function deviceMount(settings: DeviceSettings, resolve: Resolver = systemResolver): Promise<DeviceMount> {
  const { type, device, o, isBind } = settings
  const options = o === '' ? [] : [o]
  if (isBind) return { source: device, type: '', options }
  if (isNfs(type)) return await nfsMount(settings, resolve)
  if (type === 'cifs') return await cifsMount(settings, resolve)
  return { source: device, type, options }
}

/** Whether a filesystem is on another host, so that its mount may wait for the network. */
export function isRemote({ type }: DeviceSettings): boolean {
  return isNfs(type) || type === 'cifs'
}

const isNfs = (type: string) => type === 'nfs' || type === 'nfs4'

const addressOption = /(?<=^|,)addr=([^,]*)/

async function nfsMount({ type, device, o }: DeviceSettings, resolve: Resolver): Promise<DeviceMount> {
  const told = addressOption.exec(o)?.[1]
  const host = told ?? /^(\[[^\]]*\]|[^:/[\]]*):/.exec(device)?.[1]?.replace(/^\[|\]$/g, '')
  if (host === undefined || host === '') return { source: device, type, options: o === '' ? [] : [o] }
  const address = await addressOf(host, resolve)
  const source = device.startsWith(':') ? `${bracketed(address)}${device}` : device
  return { source, type, options: [withAddress(o, address)] }
}

async function cifsMount({ type, device, o }: DeviceSettings, resolve: Resolver): Promise<DeviceMount> {
  const told = addressOption.exec(o)?.[1]
  if (told !== undefined && told !== '') {
    return { source: device, type, options: [withAddress(o, await addressOf(told, resolve))] }
  }
  const options = o === '' ? [] : [o]
  const [, before = '', host, rest] = /^((?:[a-z]+:)?\/\/(?:[^/]*@)?)([^/@[\]]+)(\/.*)?$/i.exec(device) ?? []
  if (host === undefined) return { source: device, type, options }
  const address = await addressOf(host, resolve)
  return { source: `${before}${address}${rest ?? ''}`, type, options }
}

function withAddress(o: string, address: string): string {
  if (addressOption.test(o)) return o.replace(addressOption, () => `addr=${address}`)
  return o === '' ? `addr=${address}` : `${o},addr=${address}`
}

const bracketed = (address: string) => (isIPv6(address) ? `[${address}]` : address)

async function addressOf(host: string, resolve: Resolver): Promise<string> {
  if (isIPv4(host) || isIPv6(host)) return host
  try {
    return await resolve(host)
  } catch (cause) {
    const message = `the address of the server ${host} cannot be looked up; check its name, or give the address itself`
    throw new PouchError('unavailable', message, { op: 'local', subject: host, cause })
  }
}
