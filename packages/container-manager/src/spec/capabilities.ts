import { PouchError } from '@pouch/errors'
import { capabilityNames } from '@pouch/libc'

/** What a container has unless told otherwise: Docker's fourteen. */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
]

/** What is asked for; see {@link capabilitiesOf}. */
export interface CapabilityRequest {
  readonly privileged: boolean
  readonly add: readonly string[]
  readonly drop: readonly string[]
}

/**
 * The capabilities of a container by Docker's rules: privileged has all; else the default ones, or all with `ALL` added,
 * without what is dropped, with what is added. None goes past what this process may hand on.
 *
 * @param held the capabilities in this process's bounding set
 * @returns names, and those that were asked for by name and are not held
 * @throws PouchError `invalid-argument` for an unknown name
 */
export function capabilitiesOf(
  request: CapabilityRequest,
  held: readonly string[],
): { capabilities: string[]; withheld: string[] } {
  const add = request.add.map((name) => canonical(name, 'CapAdd'))
  const drop = request.drop.map((name) => canonical(name, 'CapDrop'))
  const wanted = new Set(wantedCapabilities(request.privileged, add, drop))
  const capabilities = capabilityNames.filter((name) => wanted.has(name) && held.includes(name))
  return { capabilities, withheld: add.filter((name) => name !== 'ALL' && !held.includes(name)) }
}

function wantedCapabilities(privileged: boolean, add: readonly string[], drop: readonly string[]): readonly string[] {
  if (privileged) return capabilityNames
  const base = add.includes('ALL') ? capabilityNames : drop.includes('ALL') ? [] : defaultCapabilities
  return [...base.filter((name) => !drop.includes(name)), ...add]
}

function canonical(name: string, option: string): string {
  const upper = name.toUpperCase()
  if (upper === 'ALL') return upper
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if ((capabilityNames as readonly string[]).includes(full)) return full
  throw new PouchError('invalid-argument', `invalid ${option}: unknown capability: "${full}"`, {
    op: 'container.create',
    subject: name,
    details: { known: capabilityNames },
  })
}
