/** Where a process can be killed: around calls of store and drivers, or around what these ask of the system. */
export type FaultLayer = 'calls' | 'system'

/**
 * Counts the points that a process passes, and ends it at one of them. There is one before and one after each step; they are numbered
 * from 1 on, from the moment that the plan is armed.
 */
export class FaultPlan {
  /** The steps that were begun, in order. */
  readonly steps: string[] = []
  readonly #layer: FaultLayer
  readonly #killAt: number
  readonly #die: (point: string) => void
  #isArmed = false
  #passed = 0

  constructor(plan: { readonly layer: FaultLayer; readonly killAt: number; readonly die: (point: string) => void }) {
    this.#layer = plan.layer
    this.#killAt = plan.killAt
    this.#die = plan.die
  }

  get passed(): number {
    return this.#passed
  }

  arm(): void {
    this.#isArmed = true
  }

  before(layer: FaultLayer, step: string): void {
    if (layer !== this.#layer || !this.#isArmed) return
    this.steps.push(step)
    this.#pass(`before ${step}`)
  }

  after(layer: FaultLayer, step: string): void {
    if (layer === this.#layer && this.#isArmed) this.#pass(`after ${step}`)
  }

  /** Runs a step between its two points. A step that fails has no second one. */
  async around<T>(layer: FaultLayer, step: string, work: () => Promise<T>): Promise<T> {
    this.before(layer, step)
    const result = await work()
    this.after(layer, step)
    return result
  }

  #pass(point: string): void {
    this.#passed += 1
    if (this.#passed === this.#killAt) this.#die(point)
  }
}
