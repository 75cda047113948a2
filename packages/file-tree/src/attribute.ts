import type { ByteName } from './byte-name.js'
import { type PromptWork, settled } from './prompt-work.js'
import type { Promptness } from './promptness.js'
import type { SystemCalls } from './system-calls.js'

/** An extended attribute. ACLs are among them, in the kernel's form. */
export interface Attribute {
  readonly name: ByteName
  readonly value: Buffer
}

export const accessAcl = 'system.posix_acl_access'
export const defaultAcl = 'system.posix_acl_default'

/** Labels of this host's security modules: they say what this host thinks of a file, and mean nothing on another file. */
const ofTheHost = /^security\.(selinux|SMACK64|apparmor|ima|evm)/

/** Whether an attribute belongs to the file, and so is kept. */
export function isKept(name: ByteName): boolean {
  if (name === accessAcl || name === defaultAcl) return true
  return /^(user|trusted|security)\../s.test(name) && !ofTheHost.test(name)
}

/** The attributes of a file that are kept, by name. */
export function* attributesOf(
  system: SystemCalls,
  promptness: Promptness,
  descriptor: number,
  isOpen: boolean,
): PromptWork<readonly Attribute[]> {
  const names = yield* settled(promptness.held((atOnce) => system.attributeNames(descriptor, isOpen, atOnce)))
  if (names.length === 0) return names as readonly never[]
  const found: Attribute[] = []
  for (const name of names.filter(isKept).sort()) {
    const value = yield* settled(promptness.reaching((atOnce) => system.attribute(descriptor, name, atOnce)))
    if (value !== undefined) found.push({ name, value })
  }
  return found
}
