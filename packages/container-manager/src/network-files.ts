import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompletedConfig } from './container-config.js'
import { hostnameOf } from './spec/oci-spec.js'

/** Writes a container's hostname, hosts and resolv.conf, which are bound over those of its image. */
export async function writeNetworkFiles(directory: string, config: CompletedConfig): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o710 })
  const hostname = hostnameOf(config)
  await Promise.all([
    writeFile(join(directory, 'hostname'), `${hostname}\n`, { mode: 0o644 }),
    writeFile(join(directory, 'hosts'), await hostsFile(config, hostname), { mode: 0o644 }),
    writeFile(join(directory, 'resolv.conf'), await resolvConf(config), { mode: 0o644 }),
  ])
}

async function hostsFile(
  { networkMode, domainname, extraHosts = [] }: CompletedConfig,
  hostname: string,
): Promise<string> {
  const extra = extraHosts.map((entry) => {
    const colon = entry.indexOf(':')
    return `${entry.slice(colon + 1)}\t${entry.slice(0, colon)}\n`
  })
  if (networkMode === 'host') return (await hostFile('/etc/hosts')) + extra.join('')
  const names = domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    `127.0.0.1\t${names}`,
  ]
  return `${lines.join('\n')}\n${extra.join('')}`
}

async function resolvConf({
  networkMode,
  dns = [],
  dnsSearch = [],
  dnsOptions = [],
}: CompletedConfig): Promise<string> {
  if (dns.length + dnsSearch.length + dnsOptions.length === 0)
    return networkMode === 'host' ? hostFile('/etc/resolv.conf') : ''
  return [
    ...dns.map((server) => `nameserver ${server}\n`),
    ...(dnsSearch.length > 0 ? [`search ${dnsSearch.join(' ')}\n`] : []),
    ...(dnsOptions.length > 0 ? [`options ${dnsOptions.join(' ')}\n`] : []),
  ].join('')
}

async function hostFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
