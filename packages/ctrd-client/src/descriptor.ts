import type { Descriptor as WireDescriptor } from './gen/types.js'
import { toBigInt, toNumber } from './safe-integer.js'

/** Points at one blob of the content store. */
export interface Descriptor {
  readonly mediaType: string
  /** `sha256:` and 64 hex digits. */
  readonly digest: string
  /** In bytes. */
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

export function fromWireDescriptor(wire: WireDescriptor | undefined): Descriptor {
  const annotations = wire?.annotations ?? {}
  return {
    mediaType: wire?.mediaType ?? '',
    digest: wire?.digest ?? '',
    size: toNumber(wire?.size, 'size of a descriptor'),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  }
}

export function toWireDescriptor(descriptor: Descriptor): WireDescriptor {
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: toBigInt(descriptor.size, 'the size of a descriptor'),
    annotations: descriptor.annotations === undefined ? {} : { ...descriptor.annotations },
  }
}
