import { PouchError } from '@pouch/errors'
import type { OciSeccomp, OciSyscallRule } from './oci-types.js'
import { allowed, architectures, ofArchitecture, withCapability } from './seccomp-table.js'

const eperm = 1
const enosys = 38
/** The namespace bits of clone(2): NEWNS, CGROUP, UTS, IPC, USER, PID, NET. */
const newNamespaces = 0x7e020000
/** The execution domains that programs ask for: Linux, UNAME26, ADDR_NO_RANDOMIZE kept off, PER_LINUX32, and "just tell me". */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff]
const addressFamilyVsock = 40

/** What decides a profile; see {@link seccompProfile}. */
export interface SeccompRequest {
  readonly capabilities: readonly string[]
  /** Node's name of the processor, `process.arch`. */
  readonly architecture: string
}

/** The filter of a container: everything that is not allowed fails with EPERM. */
export function seccompProfile(request: SeccompRequest): OciSeccomp {
  const held = Object.entries(withCapability).filter(([name]) => request.capabilities.includes(name))
  const names = new Set([
    ...Object.values(allowed).flat(),
    ...(ofArchitecture[request.architecture] ?? []),
    ...held.flatMap(([, calls]) => calls),
  ])
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: eperm,
    architectures: [...(architectures[request.architecture] ?? [])],
    syscalls: [
      { names: [...names].sort(), action: 'SCMP_ACT_ALLOW' },
      ...personalities.map(allowedPersonality),
      {
        names: ['socket'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: addressFamilyVsock, op: 'SCMP_CMP_NE' }],
      },
      ...(names.has('clone') ? [] : cloneWithoutNamespaces(request.architecture)),
    ],
  }
}

/**
 * Reads a profile that a user gave.
 *
 * @throws PouchError `invalid-argument` when it is not JSON or has no default action
 */
export function parseSeccomp(text: string): OciSeccomp {
  let profile: unknown
  try {
    profile = JSON.parse(text)
  } catch (cause) {
    throw refused('it is not JSON', cause)
  }
  if (typeof profile !== 'object' || profile === null) throw refused('it is not an object')
  const { defaultAction, syscalls } = profile as Record<string, unknown>
  if (typeof defaultAction !== 'string') throw refused("it has no 'defaultAction'")
  if (syscalls !== undefined && !Array.isArray(syscalls)) throw refused("'syscalls' is not a list")
  const rules = (syscalls ?? []) as Record<string, unknown>[]
  if (rules.some((rule) => 'includes' in rule || 'excludes' in rule)) {
    throw new PouchError(
      'unsupported',
      "a seccomp profile with 'includes' or 'excludes' is not supported: resolve them first",
      {
        op: 'container.create',
        subject: 'seccomp',
      },
    )
  }
  return profile as OciSeccomp
}

const allowedPersonality = (value: number): OciSyscallRule => ({
  names: ['personality'],
  action: 'SCMP_ACT_ALLOW',
  args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
})

/** clone may make threads and processes, not namespaces; clone3 hides its flags, so that libc is told to fall back to clone. */
function cloneWithoutNamespaces(architecture: string): OciSyscallRule[] {
  const index = architecture === 's390x' ? 1 : 0
  return [
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index, value: newNamespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
  ]
}

function refused(why: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `the seccomp profile cannot be used: ${why}`, {
    op: 'container.create',
    subject: 'seccomp',
    cause,
  })
}
