import { PouchError } from '@pouch/errors'
import { parseMountOptions } from '@pouch/mount'
import { type DriverVolume, maskedText, scrubbed, secretsInText } from '@pouch/volume-core/driver'

/** What Docker's `type`, `device` and `o` ask to have mounted. */
export interface DeviceSettings {
  readonly type: string
  readonly device: string
  /** As given, with commas. May hold a password, as the device may. */
  readonly o: string
  /** Whether a directory is bound, rather than a filesystem mounted. */
  readonly isBind: boolean
}

const needs: Readonly<Record<string, readonly string[]>> = { device: ['type'], type: ['device'], o: ['device', 'type'] }

/**
 * Docker's rules for `type`, `o` and `device`: each of the first and the last needs the other, and `o` needs both. Options that are there and
 * empty count as there; with both empty nothing is mounted.
 *
 * @returns `undefined` when nothing is to be mounted
 * @throws PouchError `invalid-argument` naming the option; what `o` holds is never repeated, nor who is named in a device
 */
export function deviceSettings(options: DriverVolume['options']): DeviceSettings | undefined {
  for (const [option, needed] of Object.entries(needs)) {
    if (options[option] === undefined) continue
    const missing = needed.find((name) => options[name] === undefined)
    if (missing !== undefined) throw refused(missing, `missing required option: ${JSON.stringify(missing)}`)
  }
  const [type, device, o] = [text(options.type), text(options.device), text(options.o)]
  if (type === '' && device === '') return undefined
  if (device === '') throw refused('device', 'missing device in volume options')
  return checked(type, device, o)
}

/** Whether {@link deviceSettings} answers for these options: at once, and without looking at what they hold. */
export function hasDevice({ type, device }: DriverVolume['options']): boolean {
  return (type !== undefined || device !== undefined) && !(type === '' && device === '')
}

function checked(type: string, device: string, o: string): DeviceSettings {
  if (!/^(?:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?$/.test(type)) throw refused('type', `'${type}' is not a type of filesystem`)
  if (device.includes('\0')) throw refused('device', 'it has a NUL in it')
  const { bind, remount, data } = parsed(o)
  if (remount) throw refused('o', 'a volume cannot be remounted: leave remount out')
  const isBind = bind !== 'none'
  if (isBind && !device.startsWith('/'))
    throw refused('device', `${maskedText(device)} is bound, so it has to be an absolute path`)
  if (isBind && data !== '') throw refused('o', 'a bind takes flags alone, and others are given')
  if (!isBind && (type === '' || type === 'none')) {
    throw refused('type', `type=${type} mounts nothing without o=bind: give a type of filesystem, or bind`)
  }
  if (type === 'cifs' && hasPort(device)) {
    throw refused('device', "port not allowed in CIFS device URL, include 'port' in 'o='")
  }
  return Object.freeze({ type, device, o, isBind })
}

function parsed(o: string): ReturnType<typeof parseMountOptions> {
  try {
    return parseMountOptions([o])
  } catch (error) {
    throw scrubbed(error, secretsInText(o))
  }
}

/** `//user:password@host:port/share`; the colons of an address of version 6 are in brackets. */
function hasPort(device: string): boolean {
  return /^(?:[a-z]+:)?\/\/(?:[^/]*@)?(?:\[[^\]]*\]|[^/:[\]]*):\d*(?:\/|$)/i.test(device)
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')

function refused(option: string, why: string): PouchError {
  return new PouchError('invalid-argument', why, { op: 'local', details: { option } })
}
