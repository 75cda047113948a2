import { posix } from 'node:path'
import type { MountConfig, Propagation } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'

const propagations: ReadonlySet<string> = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'])
const groups: readonly ReadonlySet<string>[] = [
  new Set(['ro', 'rw']),
  new Set(['z', 'Z']),
  propagations,
  new Set(['nocopy']),
  new Set(['consistent', 'cached', 'delegated']),
]

/**
 * Reads one entry of `HostConfig.Binds`: `target`, `source:target` or `source:target:mode`. An absolute source is a
 * directory of the host, made when absent; anything else is the name of a volume.
 *
 * @param driver of a volume that this makes
 * @throws PouchError `invalid-argument` in Docker's words
 */
export function parseBind(spec: string, driver: string | undefined): MountConfig {
  const { source, target, mode } = splitBind(spec)
  const words = modeWords(mode)
  const readOnly = words.includes('ro')
  checkTarget(spec, target, source?.startsWith('/') === true ? 'bind' : 'volume')
  if (source?.startsWith('/') === true) {
    if (words.includes('nocopy'))
      throw invalidSpec(spec, 'invalid mount config for type "bind": field VolumeOptions must not be specified')
    const propagation = words.find((word): word is Propagation => propagations.has(word))
    return { type: 'bind', source: posix.normalize(source), target, readOnly, createSource: true, mode, propagation }
  }
  if (words.some((word) => propagations.has(word))) throw invalidSpec(spec, 'a volume has no propagation')
  const volume = {
    type: 'volume',
    target,
    readOnly,
    noCopy: words.includes('nocopy'),
    mode: mode === '' ? 'z' : mode,
  } as const
  return { ...volume, ...(source === undefined ? {} : { name: source }), ...(driver === undefined ? {} : { driver }) }
}

function splitBind(spec: string): { source: string | undefined; target: string; mode: string } {
  const parts = spec.split(':')
  const [first = '', second, mode = ''] = parts
  if (first === '' || parts.length > 3) throw invalidSpec(spec)
  if (second === undefined) return { source: undefined, target: first, mode }
  // `/b:ro` is a target without its source.
  if (parts.length === 2 && second !== '' && second.split(',').every(isModeWord)) throw invalidSpec(spec)
  return { source: first, target: second, mode }
}

function modeWords(mode: string): readonly string[] {
  const words = mode.split(',').filter((word) => word !== '')
  const isValid =
    words.every(isModeWord) && groups.every((group) => words.filter((word) => group.has(word)).length <= 1)
  if (!isValid)
    throw new PouchError('invalid-argument', `invalid mode: ${mode}`, { op: 'container.create', subject: mode })
  return words
}

const isModeWord = (word: string): boolean => groups.some((group) => group.has(word))

function checkTarget(spec: string, target: string, type: string): void {
  const prefix = `invalid mount config for type "${type}": `
  if (!target.startsWith('/'))
    throw invalidSpec(spec, `${prefix}invalid mount path: '${target}' mount path must be absolute`)
  if (posix.normalize(target).replace(/\/$/, '') === '')
    throw invalidSpec(spec, `${prefix}invalid specification: destination can't be '/'`)
}

function invalidSpec(spec: string, why?: string): PouchError {
  const tail = why === undefined ? '' : `: ${why}`
  return new PouchError('invalid-argument', `invalid volume specification: '${spec}'${tail}`, {
    op: 'container.create',
    subject: spec,
  })
}
