import { readFile } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'

/** The capabilities of Linux by name, each at its number. */
const capabilities = [
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

/** A capability of Linux. */
export type Capability = (typeof capabilities)[number]

/**
 * Whether a capability is in force for a process: `CAP_SYS_RESOURCE` passes ext4's project quotas and grows ext4 online.
 *
 * @param options.pid another process than this one
 * @throws PouchError `not-found` when there is no such process, `corrupt` when its status has no capabilities
 */
export async function hasCapability(
  capability: Capability,
  options: { readonly pid?: number | undefined } = {},
): Promise<boolean> {
  const number = capabilities.indexOf(capability)
  if (number < 0) {
    const message = `'${capability}' is not the name of a capability; they look like CAP_SYS_ADMIN`
    throw new PouchError('invalid-argument', message, { op: 'quota.hasCapability', subject: String(capability) })
  }
  const file = `/proc/${options.pid ?? 'self'}/status`
  const status = await readFile(file, 'utf8').catch((error: unknown) => {
    const message = `the capabilities cannot be read from ${file}`
    throw PouchError.from(error, { op: 'quota.hasCapability', subject: file, message })
  })
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  if (mask === undefined) {
    throw new PouchError('corrupt', `${file} names no capabilities`, { op: 'quota.hasCapability', subject: file })
  }
  return ((BigInt(`0x${mask}`) >> BigInt(number)) & 1n) === 1n
}
