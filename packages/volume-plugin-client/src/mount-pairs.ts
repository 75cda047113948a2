import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { DriverStateArea, JsonValue, Logger } from '@pouch/volume-core/driver'

/**
 * How far a pair of Mount and Unmount has come: `mounting` and `unmounting`, the call was or is being made and has no answer; `mounted`, the
 * plugin answered; `owed`, one without an answer whose Unmount is put off.
 */
export type PairPhase = 'mounting' | 'mounted' | 'unmounting' | 'owed'

/** One Mount of a plugin and the Unmount that belongs to it. */
export interface MountPair {
  readonly volume: string
  readonly reference: string
  /** What the plugin was told: 64 hex digits, new for each Mount, as dockerd has it. */
  readonly id: string
  readonly phase: PairPhase
  /** Once mounted. */
  readonly path?: string
  /** During which run of the host's kernel: mounts do not outlive it. */
  readonly boot: string
}

const phases: readonly string[] = ['mounting', 'mounted', 'unmounting', 'owed'] satisfies PairPhase[]
const prefix = 'mount/'

/** The pairs that are not finished, durable in the driver's own part of the store. */
export class MountPairs {
  readonly #state: DriverStateArea
  readonly #boot: string
  readonly #pairs = new Map<string, MountPair>()

  private constructor(state: DriverStateArea, boot: string) {
    this.#state = state
    this.#boot = boot
  }

  static async open(state: DriverStateArea, log: Logger): Promise<MountPairs> {
    const pairs = new MountPairs(state, await bootId())
    for await (const { key, value } of state.list()) {
      if (!key.startsWith(prefix)) continue
      const pair = pairOf(value)
      if (pair !== undefined) pairs.#pairs.set(key, pair)
      else log.error({ key }, 'a stored mount of a volume plugin cannot be read; the plugin may count it for ever')
    }
    return pairs
  }

  find(volume: string, reference: string): MountPair | undefined {
    return this.#pairs.get(keyOf(volume, reference))
  }

  /** All pairs of a volume. */
  of(volume: string): MountPair[] {
    return [...this.#pairs.values()].filter((pair) => pair.volume === volume)
  }

  /** Whether the host has not been restarted since. */
  isOfThisBoot(pair: MountPair): boolean {
    return pair.boot === this.#boot
  }

  /** Whether a pair is of this run of the kernel, and mounted. */
  isMounted(pair: MountPair): boolean {
    return pair.phase === 'mounted' && this.isOfThisBoot(pair)
  }

  /** A pair for a Mount that is going to be made. */
  async begin(volume: string, reference: string): Promise<MountPair> {
    const id = randomBytes(32).toString('hex')
    return await this.put({ volume, reference, id, phase: 'mounting', boot: this.#boot })
  }

  async put(pair: MountPair): Promise<MountPair> {
    const key = keyOf(pair.volume, pair.reference)
    await this.#state.set(key, { ...pair })
    this.#pairs.set(key, Object.freeze(pair))
    return pair
  }

  /** Files a pair under its ID, so that its reference may be mounted anew. */
  async owe(pair: MountPair): Promise<void> {
    await this.put({ ...pair, reference: `owed:${pair.id}`, phase: 'owed' })
    await this.forget(pair)
  }

  async forget({ volume, reference }: MountPair): Promise<void> {
    const key = keyOf(volume, reference)
    await this.#state.delete(key)
    this.#pairs.delete(key)
  }
}

const keyOf = (volume: string, reference: string) =>
  prefix + createHash('sha256').update(`${volume}\0${reference}`).digest('hex')

function pairOf(value: JsonValue): MountPair | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { volume, reference, id, phase, path, boot } = value as Readonly<Record<string, JsonValue>>
  if (typeof volume !== 'string' || typeof reference !== 'string' || typeof id !== 'string') return undefined
  if (typeof boot !== 'string' || typeof phase !== 'string' || !phases.includes(phase)) return undefined
  if (path !== undefined && typeof path !== 'string') return undefined
  return Object.freeze({
    volume,
    reference,
    id,
    phase: phase as PairPhase,
    boot,
    ...(path === undefined ? {} : { path }),
  })
}

/** Elsewhere than on Linux a restart of the host cannot be seen; plugins live on Linux. */
async function bootId(): Promise<string> {
  if (process.platform !== 'linux') return 'unknown'
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
