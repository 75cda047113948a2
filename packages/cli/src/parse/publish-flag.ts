import type { PortMap } from '@pouch/api'
import { usageError } from './usage-error.js'

type Bindings = Record<string, NonNullable<PortMap[string]>>

/** Reads `-p`s: `[[ip:]hostPort:]containerPort[/protocol]`, ports may be ranges of one length. */
export function parsePublishFlags(texts: readonly string[]): Bindings {
  const bindings: Bindings = {}
  for (const text of texts) addPublish(bindings, text)
  return bindings
}

/** Reads an `--expose`: `port[-port][/protocol]`. */
export function parseExpose(text: string): string[] {
  const [range = '', protocol = 'tcp'] = text.split('/')
  return portsOf(range, text, '--expose').map((port) => `${port}/${protocol}`)
}

function addPublish(bindings: Bindings, text: string): void {
  const match =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|(\d+\.\d+\.\d+\.\d+)):)?(?:(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(
      text,
    )
  if (match?.[4] === undefined) throw usageError('-p', text, 'write [[ip:]hostPort:]containerPort[/tcp|udp|sctp]')
  const [, v6, v4, host = '', container, protocol = 'tcp'] = match
  const inside = portsOf(container, text, '-p')
  const outside = host === '' ? [] : portsOf(host, text, '-p')
  if (outside.length > 0 && outside.length !== inside.length)
    throw usageError('-p', text, 'the two ranges differ in length')
  for (const [index, port] of inside.entries()) {
    const key = `${port}/${protocol}`
    bindings[key] = [...(bindings[key] ?? []), { HostIp: v6 ?? v4 ?? '', HostPort: String(outside[index] ?? '') }]
  }
}

function portsOf(range: string, text: string, flag: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range)
  const first = Number(match?.[1])
  const last = match?.[2] === undefined ? first : Number(match[2])
  if (match === null || first > last || last > 65_535)
    throw usageError(flag, text, `'${range}' is not a port or a range of ports`)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
