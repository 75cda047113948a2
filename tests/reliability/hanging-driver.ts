import type { Driver, DriverDefinition } from '@pouch/volume-core/driver'

/** The call that a driver does not come back from. */
export interface HangsAt {
  readonly call: 'create' | 'cloning.clone' | 'renaming.rename' | 'snapshots.create'
  /** Whether it has done what was asked by then. */
  readonly isDone: boolean
}

/** A driver that hangs at a call, as one does whose process is killed there. */
export interface HangingDriver {
  readonly definition: DriverDefinition
  /** When it hangs. */
  readonly reached: Promise<void>
  /** Has the call fail, and so do all that come after it, so that what was killed does nothing more. */
  letGo(): void
}

/** Makes a driver hang. */
export function hangingAt(definition: DriverDefinition, { call, isDone }: HangsAt): HangingDriver {
  let tell: () => void = () => undefined
  let letGo: () => void = () => undefined
  let isDead = false
  const reached = new Promise<void>((resolve) => {
    tell = resolve
  })
  const released = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const around = <T extends object>(owner: T, prefix: string): T =>
    new Proxy({} as T, {
      get(_, key) {
        const value: unknown = Reflect.get(owner, key)
        const name = `${prefix}${String(key)}`
        if (typeof value === 'object' && value !== null) return around(value, `${name}.`)
        if (typeof value !== 'function') return value
        if (looks.has(String(key))) return value.bind(owner)
        return async (...args: unknown[]) => {
          if (isDead) throw new Error('the process is dead')
          if (name === call && !isDone) await hang()
          const result: unknown = await Reflect.apply(value, owner, args)
          if (name === call) await hang()
          return result
        }
      },
    })
  const hang = async () => {
    isDead = true
    tell()
    await released
    throw new Error('the process is dead')
  }
  return {
    definition: { ...definition, open: async (host) => around<Driver>(await definition.open(host), '') },
    reached,
    letGo: () => letGo(),
  }
}

const looks = new Set(['concerns', 'close', 'describe', 'path', 'measure', 'check', 'list'])
