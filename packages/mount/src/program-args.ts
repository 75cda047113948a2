import type { MountStep } from './mount-options.js'
import type { CheckedRequest, UnmountOptions } from './mount-request.js'

/** The arguments that make mount(8) do one step. */
export function mountArgs({ kind, options, data }: MountStep, { source, target, type }: CheckedRequest): string[] {
  if (kind === 'propagation') return [`--make-${options.join('')}`, '--', target]
  const words = [...options, ...(data === '' ? [] : [data])]
  return [
    ...(kind === 'mount' ? ['-t', type] : []),
    ...(words.length === 0 ? [] : ['-o', words.join(',')]),
    '--',
    ...(source === '' ? ['none'] : [source]),
    target,
  ]
}

/** The arguments of umount(8). */
export function unmountArgs(target: string, { lazy, force }: UnmountOptions): string[] {
  return [...(lazy === true ? ['-l'] : []), ...(force === true ? ['-f'] : []), '--', target]
}
