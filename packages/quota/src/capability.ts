import { readFile } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { type Capability, capabilityNames } from '@pouch/libc'

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
  const number = capabilityNames.indexOf(capability)
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
