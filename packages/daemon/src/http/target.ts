import type { IncomingMessage } from 'node:http'
import { splitVersion } from '@pouch/api'

/** Where a request goes, worked out once from its method and URL. */
export interface Target {
  /** The API version as the client wrote it; `undefined` without a prefix, which means the newest. */
  readonly version: string | undefined
  /** For the router: without the version, and with the slashes inside a name encoded; the query included. */
  readonly path: string
  /** Whether the reply takes the connection over: attach and exec start. */
  readonly hijack: 'attach' | 'exec' | undefined
  /** Where the client is sent when its path has empty or dotted segments. */
  readonly redirect: string | undefined
}

const targets = new WeakMap<IncomingMessage, Target>()

const named: readonly {
  readonly prefix: string
  readonly fixed: readonly string[]
  readonly suffixes: readonly string[]
}[] = [
  {
    prefix: '/images/',
    fixed: ['json', 'create', 'load', 'get', 'search', 'prune'],
    suffixes: ['json', 'history', 'get', 'push', 'tag'],
  },
  { prefix: '/volumes/', fixed: ['create', 'prune'], suffixes: [] },
  { prefix: '/distribution/', fixed: [], suffixes: ['json'] },
]

/** The target of a request. Remembered: the router may change the request's URL afterwards. */
export function targetOf(request: IncomingMessage): Target {
  const known = targets.get(request)
  if (known !== undefined) return known
  const target = readTarget(request.method ?? 'GET', request.url ?? '/')
  targets.set(request, target)
  return target
}

/** Works a {@link Target} out of a method and a URL. */
export function readTarget(method: string, url: string): Target {
  const { version, path: whole } = splitVersion(url)
  const at = whole.indexOf('?')
  const path = at < 0 ? whole : whole.slice(0, at)
  const query = at < 0 ? '' : whole.slice(at)
  const clean = cleanPath(path)
  const prefix = version === undefined ? '' : `/v${version}`
  return {
    version,
    path: encodeName(method, path) + query,
    hijack: hijackOf(method, path),
    redirect: clean === path ? undefined : `${prefix}${clean}${query}`,
  }
}

function hijackOf(method: string, path: string): Target['hijack'] {
  if (method !== 'POST') return undefined
  if (/^\/containers\/[^/]+\/attach$/.test(path)) return 'attach'
  return /^\/exec\/[^/]+\/start$/.test(path) ? 'exec' : undefined
}

// An image's name has slashes of its own; it reaches up to the last fixed suffix.
function encodeName(method: string, path: string): string {
  const kind = named.find(({ prefix }) => path.startsWith(prefix))
  if (kind === undefined) return path
  const rest = path.slice(kind.prefix.length)
  if (method !== 'DELETE' && kind.fixed.includes(rest)) return path
  const at = rest.lastIndexOf('/')
  const suffix = method !== 'DELETE' && at > 0 && kind.suffixes.includes(rest.slice(at + 1)) ? rest.slice(at) : ''
  const name = rest.slice(0, rest.length - suffix.length)
  return `${kind.prefix}${name.replaceAll('/', '%2F')}${suffix}`
}

function cleanPath(path: string): string {
  if (!/\/(\/|\.{1,2}(\/|$))/.test(path)) return path
  const out: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') out.pop()
    else out.push(segment)
  }
  return `/${out.join('/')}${path.endsWith('/') && out.length > 0 ? '/' : ''}`
}
