import type { RunningPouchd } from '../running-pouchd.js'
import type { SeededRandom } from './random.js'

type Presence = 'present' | 'absent' | 'unknown'

/**
 * A client that creates and removes volumes and containers until it is told to stop, and remembers what was acknowledged.
 * What was under way when the daemon died is `unknown`: it may be there or not.
 */
export class Churn {
  readonly volumes = new Map<string, Presence>()
  readonly containers = new Map<string, { presence: Presence; volume: string }>()
  acknowledged = 0
  readonly #daemon: RunningPouchd
  readonly #random: SeededRandom
  readonly #name: string
  #count = 0
  #stopped = false

  constructor(daemon: RunningPouchd, random: SeededRandom, name: string) {
    this.#daemon = daemon
    this.#random = random
    this.#name = name
  }

  /** Works until {@link stop} or until the daemon is gone. */
  async run(): Promise<void> {
    this.#stopped = false
    while (!this.#stopped) {
      try {
        await this.#one()
      } catch (error) {
        if (!isConnectionFailure(error)) throw error
        return
      }
    }
  }

  stop(): void {
    this.#stopped = true
  }

  /** Settles what was unknown by what the restarted daemon has. */
  settle(volumeNames: ReadonlySet<string>, containerNames: ReadonlySet<string>): void {
    for (const [name, presence] of this.volumes)
      if (presence === 'unknown') this.volumes.set(name, volumeNames.has(name) ? 'present' : 'absent')
    for (const entry of this.containers) {
      const [name, { presence, volume }] = entry
      if (presence === 'unknown')
        this.containers.set(name, { presence: containerNames.has(name) ? 'present' : 'absent', volume })
    }
  }

  async #one(): Promise<void> {
    const free = this.#present().filter((name) => !this.#holders(name))
    const running = [...this.containers].filter(([, { presence }]) => presence === 'present').map(([name]) => name)
    const dice = this.#random.next()
    if (dice < 0.45 || this.#present().length === 0) return this.#createVolume()
    if (dice < 0.6 && free.length > 8) return this.#removeVolume(this.#random.pick(free) ?? '')
    if (dice < 0.8 && running.length < 3) return this.#runContainer(this.#random.pick(this.#present()) ?? '')
    if (running.length > 0) return this.#removeContainer(this.#random.pick(running) ?? '')
  }

  async #createVolume(): Promise<void> {
    const name = `${this.#name}-${this.#count++}`
    this.volumes.set(name, 'unknown')
    const driver = this.#random.next() < 0.3 ? 'tmpfs' : 'local'
    await this.#expect(201, 'POST', '/v1.43/volumes/create', {
      Name: name,
      Driver: driver,
      Labels: { churn: this.#name },
    })
    this.volumes.set(name, 'present')
  }

  async #removeVolume(name: string): Promise<void> {
    this.volumes.set(name, 'unknown')
    await this.#expect(204, 'DELETE', `/v1.43/volumes/${name}`)
    this.volumes.set(name, 'absent')
  }

  async #runContainer(volume: string): Promise<void> {
    const name = `${this.#name}-c${this.#count++}`
    this.containers.set(name, { presence: 'unknown', volume })
    const body = {
      Image: 'busybox',
      Cmd: ['sleep', '600'],
      HostConfig: { Binds: [`${volume}:/data`] },
      StopSignal: 'SIGKILL',
    }
    await this.#expect(201, 'POST', `/v1.43/containers/create?name=${name}`, body)
    this.containers.set(name, { presence: 'present', volume })
    if (this.#random.next() < 0.7) await this.#expect(204, 'POST', `/v1.43/containers/${name}/start`)
  }

  async #removeContainer(name: string): Promise<void> {
    const volume = this.containers.get(name)?.volume ?? ''
    this.containers.set(name, { presence: 'unknown', volume })
    await this.#expect(204, 'DELETE', `/v1.43/containers/${name}?force=1`)
    this.containers.set(name, { presence: 'absent', volume })
  }

  async #expect(status: number, method: string, path: string, body?: unknown): Promise<void> {
    const answer = await this.#daemon.request(method, path, body)
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    this.acknowledged += 1
  }

  #present(): string[] {
    return [...this.volumes].filter(([, presence]) => presence === 'present').map(([name]) => name)
  }

  #holders(volume: string): boolean {
    return [...this.containers.values()].some(
      (container) => container.presence !== 'absent' && container.volume === volume,
    )
  }
}

// The daemon died under the request: the outcome is unknown, which is what this test is about.
function isConnectionFailure(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return ['ECONNRESET', 'ECONNREFUSED', 'ENOENT', 'EPIPE'].includes(code)
}
