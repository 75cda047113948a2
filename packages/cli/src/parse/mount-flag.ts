import { resolve } from 'node:path'
import type { Mount } from '@pouch/api'
import { parseBytes } from '@pouch/units'
import { splitCsv } from './csv.js'
import { splitPair } from './key-value.js'
import { usageError } from './usage-error.js'

const flag = '--mount'
const types: readonly string[] = ['volume', 'bind', 'tmpfs']
const propagations: readonly string[] = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']

interface Draft extends Mount {
  BindOptions: NonNullable<Mount['BindOptions']>
  VolumeOptions: NonNullable<Mount['VolumeOptions']>
  TmpfsOptions: NonNullable<Mount['TmpfsOptions']>
}

type Setter = (draft: Draft, value: string | undefined, text: string) => unknown

/**
 * Reads a `--mount`: comma-separated `key=value` as Docker's CLI has them, with `type=volume` when no type is given.
 *
 * @param cwd where a source that begins with a dot is looked for
 * @throws PouchError `invalid-argument`, and `unsupported` for keys that this API version lacks
 */
export function parseMountFlag(text: string, cwd: string): Mount {
  const draft: Draft = { Type: 'volume', BindOptions: {}, VolumeOptions: {}, TmpfsOptions: {} }
  for (const field of splitCsv(text, flag)) {
    const [rawKey, value] = splitPair(field)
    if (rawKey !== rawKey.trim() || value !== value?.trim())
      throw usageError(flag, text, `'${field}' has a space beside its =`)
    const key = rawKey.toLowerCase()
    const set = setters.get(key)
    if (set === undefined)
      throw usageError(flag, text, `unknown key '${key}': use one of ${[...setters.keys()].join(', ')}`)
    set(draft, value, text)
  }
  return finish(draft, text, cwd)
}

function finish(draft: Draft, text: string, cwd: string): Mount {
  const { Type: type, BindOptions, VolumeOptions, TmpfsOptions, ...mount } = draft
  if (mount.Target === undefined)
    throw usageError(flag, text, 'target is missing: where in the container should it be?')
  const groups = { bind: { BindOptions }, volume: { VolumeOptions }, tmpfs: { TmpfsOptions } }
  for (const [name, group] of Object.entries(groups)) {
    const isUsed = Object.values(group).some((options) => Object.keys(options).length > 0)
    if (isUsed && name !== type) throw usageError(flag, text, `${name}-* keys do not go with type=${type}`)
  }
  if (type === 'bind' && mount.Source === undefined)
    throw usageError(flag, text, 'source is missing: which directory of the host?')
  if (type === 'tmpfs' && mount.Source !== undefined) throw usageError(flag, text, 'a tmpfs has no source')
  if (type === 'bind' && mount.Source?.startsWith('.')) mount.Source = resolve(cwd, mount.Source)
  const options = Object.entries({ BindOptions, VolumeOptions, TmpfsOptions }).filter(
    ([, o]) => Object.keys(o).length > 0,
  )
  return { Type: type ?? 'volume', ...mount, ...Object.fromEntries(options) }
}

const setters: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['type', (draft, value, text) => Object.assign(draft, { Type: oneOf(value?.toLowerCase(), types, 'type', text) })],
  ['source', setSource],
  ['src', setSource],
  ['target', setTarget],
  ['destination', setTarget],
  ['dst', setTarget],
  ['readonly', setReadOnly],
  ['ro', setReadOnly],
  ['consistency', (draft, value, text) => Object.assign(draft, { Consistency: needed(value, 'consistency', text) })],
  [
    'bind-propagation',
    (draft, value, text) =>
      Object.assign(draft.BindOptions, { Propagation: oneOf(value, propagations, 'bind-propagation', text) }),
  ],
  ['bind-recursive', setRecursive],
  [
    'bind-create-src',
    (draft, value, text) =>
      Object.assign(draft.BindOptions, { CreateMountpoint: parseFlag(value, 'bind-create-src', text) }),
  ],
  [
    'volume-nocopy',
    (draft, value, text) => Object.assign(draft.VolumeOptions, { NoCopy: parseFlag(value, 'volume-nocopy', text) }),
  ],
  ['volume-label', setLabel],
  ['volume-driver', setDriver],
  ['volume-opt', setOption],
  [
    'tmpfs-size',
    (draft, value, text) =>
      Object.assign(draft.TmpfsOptions, { SizeBytes: parseBytes(needed(value, 'tmpfs-size', text)) }),
  ],
  ['tmpfs-mode', setMode],
])

function setSource(draft: Draft, value: string | undefined, text: string): void {
  draft.Source = needed(value, 'source', text)
}

function setTarget(draft: Draft, value: string | undefined, text: string): void {
  const target = needed(value, 'target', text)
  if (!target.startsWith('/')) throw usageError(flag, text, `the target '${target}' is not an absolute path`)
  draft.Target = target
}

function setReadOnly(draft: Draft, value: string | undefined, text: string): void {
  draft.ReadOnly = parseFlag(value, 'readonly', text)
}

function setRecursive(draft: Draft, value: string | undefined, text: string): void {
  const how = oneOf(value, ['enabled', 'disabled'], 'bind-recursive', text)
  if (how === 'disabled') draft.BindOptions.NonRecursive = true
}

function setLabel(draft: Draft, value: string | undefined, text: string): void {
  const [key, label = ''] = splitPair(needed(value, 'volume-label', text))
  draft.VolumeOptions.Labels = { ...draft.VolumeOptions.Labels, [key]: label }
}

function setDriver(draft: Draft, value: string | undefined, text: string): void {
  draft.VolumeOptions.DriverConfig = { ...draft.VolumeOptions.DriverConfig, Name: needed(value, 'volume-driver', text) }
}

function setOption(draft: Draft, value: string | undefined, text: string): void {
  const [key, option = ''] = splitPair(needed(value, 'volume-opt', text))
  const { DriverConfig } = draft.VolumeOptions
  draft.VolumeOptions.DriverConfig = { ...DriverConfig, Options: { ...DriverConfig?.Options, [key]: option } }
}

function setMode(draft: Draft, value: string | undefined, text: string): void {
  const mode = needed(value, 'tmpfs-mode', text)
  if (!/^[0-7]{1,5}$/.test(mode)) throw usageError(flag, text, `tmpfs-mode '${mode}' is not octal: write it like 1777`)
  draft.TmpfsOptions.Mode = Number.parseInt(mode, 8)
}

function needed(value: string | undefined, key: string, text: string): string {
  if (value === undefined || value === '') throw usageError(flag, text, `${key} needs a value`)
  return value
}

function oneOf(value: string | undefined, allowed: readonly string[], key: string, text: string): string {
  if (value !== undefined && allowed.includes(value)) return value
  throw usageError(flag, text, `${key} is one of ${allowed.join(', ')}`)
}

function parseFlag(value: string | undefined, key: string, text: string): boolean {
  if (value === undefined || value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw usageError(flag, text, `${key} is true or false`)
}
