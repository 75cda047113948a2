import { hasCode } from '@pouch/errors'
import type { Logger } from '../sources.js'

/** What a {@link BacklogThrottle} works with. */
export interface BacklogThrottleOptions {
  readonly id: string
  /** The container is frozen when more waits, and thawed at a quarter of it. */
  readonly limitBytes: number
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
  readonly log: Logger
}

/**
 * A plain file gives no backpressure, so a container that writes faster than its log can be written would fill the disk. It is
 * frozen for moments instead, as a pipe would make it wait. Whoever acts on the container takes a {@link BacklogThrottle.hold} first:
 * it is thawed then and stays so, because a frozen process neither dies nor takes an exec.
 */
export class BacklogThrottle {
  readonly #options: BacklogThrottleOptions
  #turn: Promise<void> = Promise.resolve()
  #isFrozen = false
  #holds = 0
  #isOver = false

  constructor(options: BacklogThrottleOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.#isOver
  }

  /** Told how much waits. */
  backlog(bytes: number): void {
    const { limitBytes } = this.#options
    if (bytes > limitBytes) this.#isOver = true
    else if (bytes < limitBytes / 4) this.#isOver = false
    this.#settle()
  }

  /** Thaws, and does not freeze until the returned function is called. */
  async hold(): Promise<() => void> {
    this.#holds += 1
    this.#settle()
    await this.#turn
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#holds -= 1
      this.#settle()
    }
  }

  #settle(): void {
    this.#turn = this.#turn.then(() => this.#apply())
  }

  async #apply(): Promise<void> {
    const { freeze, thaw, log, id } = this.#options
    const wanted = this.#isOver && this.#holds === 0
    if (wanted === this.#isFrozen) return
    try {
      await (wanted ? freeze() : thaw())
      this.#isFrozen = wanted
    } catch (error) {
      // It has ended meanwhile, or containerd is away: the exit and the next backlog settle it.
      const isGone = hasCode(error, 'not-found') || hasCode(error, 'conflict')
      if (isGone) this.#isFrozen = false
      log[isGone ? 'debug' : 'warn'](
        { err: error, container: id },
        wanted ? 'cannot slow the container down' : 'cannot let the container go on',
      )
    }
  }
}
