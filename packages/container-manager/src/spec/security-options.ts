import { refused } from '../config/refused.js'

/** What the list of security options says. */
export interface SecurityOptions {
  /** `default`, `unconfined`, or a profile as JSON. */
  readonly seccomp: string
  readonly noNewPrivileges: boolean
}

/** Reads `key=value` (or `key:value`) options. @throws PouchError `invalid-argument`, or `unsupported` for a known one that cannot be honoured */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let seccomp = 'default'
  let noNewPrivileges = false
  for (const [index, option] of options.entries()) {
    const [, key = option, value] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? []
    if (key === 'no-new-privileges') noNewPrivileges = truth(value ?? 'true', option)
    else if (key === 'seccomp' && value) seccomp = value === 'builtin' ? 'default' : value
    else if (!isHarmless(key, value)) throw refusedOption(key, value, option, index)
  }
  return { seccomp, noNewPrivileges }
}

/** What changes nothing here: no label, no AppArmor profile; `systempaths` is read with the paths. */
function isHarmless(key: string, value: string | undefined): boolean {
  return (
    (key === 'label' && value === 'disable') ||
    (key === 'apparmor' && value === 'unconfined') ||
    (key === 'systempaths' && value === 'unconfined')
  )
}

function truth(text: string, option: string): boolean {
  if (['true', '1'].includes(text)) return true
  if (['false', '0'].includes(text)) return false
  throw refused(`invalid security option '${option}': true or false is wanted`, 'securityOpt')
}

function refusedOption(key: string, value: string | undefined, option: string, index: number): Error {
  const known = ['label', 'apparmor'].includes(key) && value !== undefined
  if (known)
    return refused(`security option '${option}' is not supported in this version`, 'securityOpt', 'unsupported')
  return refused(`invalid --security-opt ${index + 1}: "${option}"`, 'securityOpt')
}
