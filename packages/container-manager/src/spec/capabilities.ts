import { PouchError } from '@pouch/errors'

/** Every capability that Linux has, at the index of its number. */
export const allCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const

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
  const capabilities = allCapabilities.filter((name) => wanted.has(name) && held.includes(name))
  return { capabilities, withheld: add.filter((name) => name !== 'ALL' && !held.includes(name)) }
}

function wantedCapabilities(privileged: boolean, add: readonly string[], drop: readonly string[]): readonly string[] {
  if (privileged) return allCapabilities
  const base = add.includes('ALL') ? allCapabilities : drop.includes('ALL') ? [] : defaultCapabilities
  return [...base.filter((name) => !drop.includes(name)), ...add]
}

function canonical(name: string, option: string): string {
  const upper = name.toUpperCase()
  if (upper === 'ALL') return upper
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
  if ((allCapabilities as readonly string[]).includes(full)) return full
  throw new PouchError('invalid-argument', `invalid ${option}: unknown capability: "${full}"`, {
    op: 'container.create',
    subject: name,
    details: { known: allCapabilities },
  })
}
