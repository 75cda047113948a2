import { PouchError } from '@pouch/errors'

/** The machine that an image is made for. */
export interface Platform {
  readonly os: string
  readonly architecture: string
  /** `v7` of `linux/arm/v7`; undefined where the architecture has none. */
  readonly variant?: string | undefined
}

const part = /^[A-Za-z0-9_-]+$/
const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
  ia32: '386',
  ppc64el: 'ppc64le',
  mipsel: 'mipsle',
}

/**
 * Reads a platform: `linux/amd64`, `linux/arm/v7`, `arm64`, `linux`. Other spellings of an architecture (`x86_64`,
 * `aarch64`, `armhf`) become the usual one; what is missing is the host's.
 *
 * @throws PouchError `invalid-argument`
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/')
  if (parts.length > 3 || !parts.every((each) => part.test(each))) {
    throw new PouchError(
      'invalid-argument',
      `"${text}": cannot parse platform specifier: write it like linux/arm64 or linux/arm/v7`,
      {
        op: 'image.parsePlatform',
        subject: text,
      },
    )
  }
  const [first = '', second, third] = parts.map((each) => each.toLowerCase())
  if (second !== undefined) return normalPlatform({ os: first, architecture: second, variant: third })
  if (first === 'linux' || first === 'windows' || first === 'darwin' || first === 'freebsd') {
    return { ...hostPlatform(), os: first }
  }
  return normalPlatform({ os: hostPlatform().os, architecture: first })
}

/** The platform of this host's containers. The operating system is always linux: nothing else runs them. */
export function hostPlatform(): Platform {
  const architecture = process.arch === 'ppc64' ? 'ppc64le' : process.arch
  const variables = process.config.variables as { readonly arm_version?: string | number }
  const variant = architecture === 'arm' ? `v${variables.arm_version ?? 7}` : undefined
  return normalPlatform({ os: 'linux', architecture, variant })
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant === undefined ? [] : [platform.variant])].join('/')
}

/**
 * How well an offer fits: 0 is the same, higher runs too but less well, `undefined` does not run. An ARM processor
 * runs what was made for an older variant.
 */
export function platformDistance(wanted: Platform, offered: Platform): number | undefined {
  const want = normalPlatform(wanted)
  const offer = normalPlatform(offered)
  if (want.os !== offer.os || want.architecture !== offer.architecture) return undefined
  const distance = variantNumber(want) - variantNumber(offer)
  if (Number.isNaN(distance)) return want.variant === offer.variant ? 0 : undefined
  return distance < 0 ? undefined : distance
}

/** The usual spelling of a platform, with the variant that its architecture means when none is given. */
function normalPlatform(platform: Platform): Platform {
  const { os } = platform
  const named = platform.architecture
  if (named === 'armhf') return { os, architecture: 'arm', variant: platform.variant ?? 'v7' }
  if (named === 'armel') return { os, architecture: 'arm', variant: platform.variant ?? 'v6' }
  const architecture = architectures[named] ?? named
  const raw = platform.variant === '' ? undefined : platform.variant
  const variant = raw !== undefined && /^\d+$/.test(raw) ? `v${raw}` : raw
  if (architecture === 'arm') return { os, architecture, variant: variant ?? 'v7' }
  if (architecture === 'arm64' && (variant === undefined || variant === 'v8')) return { os, architecture }
  if (architecture === 'amd64' && variant === 'v1') return { os, architecture }
  return variant === undefined ? { os, architecture } : { os, architecture, variant }
}

function variantNumber({ architecture, variant }: Platform): number {
  if (variant === undefined) return architecture === 'arm64' ? 8 : architecture === 'arm' ? 7 : 1
  return /^v\d+$/.test(variant) ? Number(variant.slice(1)) : Number.NaN
}
