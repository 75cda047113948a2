import { BlockList, isIP } from 'node:net'
import type { RegistryOptions } from './registry-options.js'

/** A way to reach a registry. */
export interface RegistryEndpoint {
  /** `https://registry-1.docker.io`, without a path. */
  readonly origin: string
  /** Whether its certificate must be good. */
  readonly verified: boolean
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** The ways to reach a registry, to be tried in order: plain http comes last, and only where it is allowed. */
export function endpointsOf(domain: string, options: RegistryOptions): readonly RegistryEndpoint[] {
  const host = domain === 'docker.io' ? 'registry-1.docker.io' : domain
  const https = { origin: `https://${host}`, verified: !isListed(host, options) }
  return allowsHttp(host, options) ? [https, { origin: `http://${host}`, verified: false }] : [https]
}

/** Whether plain http may be spoken with `host` or `host:port`. */
export function allowsHttp(host: string, options: RegistryOptions): boolean {
  return isListed(host, options) || isLoopback(new URL(`http://${host}`).hostname)
}

/** Whether the certificate of `host` or `host:port` need not be good. */
export function isListed(host: string, options: RegistryOptions): boolean {
  const { hostname } = new URL(`http://${host}`)
  return (options.insecure ?? []).some((each) => each === host || each === hostname)
}

function isLoopback(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (address === 'localhost') return true
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
