import type { Image } from './image.js'

/** Which images a list shows; all conditions must hold, and of each list one value must. */
export interface ImageFilter {
  /** Names or patterns of names, with `*`, `?` and `[…]`, as `busybox`, `busybox:1.*`, `localhost:5000/*`. */
  readonly references?: readonly string[]
  /** `key` or `key=value`; all of them must hold. */
  readonly labels?: readonly string[]
  /** Only images without a tag, or only those with one. */
  readonly dangling?: boolean
  /** Created before or after this image (a name or an id). */
  readonly before?: string
  readonly since?: string
}

/** Whether an image meets a filter, but for `before` and `since`, which need a look-up. */
export function matchesFilter(image: Image, filter: ImageFilter): boolean {
  const { references, labels = [], dangling } = filter
  if (dangling !== undefined && dangling !== (image.references.length === 0)) return false
  if (!labels.every((each) => hasLabel(image, each))) return false
  return references === undefined || references.length === 0 || references.some((pattern) => hasName(image, pattern))
}

function hasLabel(image: Image, label: string): boolean {
  const equals = label.indexOf('=')
  const value = image.labels[equals < 0 ? label : label.slice(0, equals)]
  return value !== undefined && (equals < 0 || value === label.slice(equals + 1))
}

function hasName(image: Image, pattern: string): boolean {
  const glob = globOf(pattern)
  return [...image.references, ...image.digests].some(
    (name) => glob.test(name) || glob.test(name.replace(/(?::[^:/]*|@.*)$/, '')),
  )
}

// A pattern matches within one part of a path, as shells have it.
function globOf(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]/]+\]|[\\^$.|+(){}[\]*?]/g, (special) => {
    if (special === '*') return '[^/]*'
    if (special === '?') return '[^/]'
    if (special.length > 1) return special.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    return `\\${special}`
  })
  return new RegExp(`^${source}$`)
}
