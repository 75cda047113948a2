/** Where a process can be killed: around calls of store and drivers, or around what these ask of the system. */
export type FaultLayer = 'calls' | 'system'

/** Ends the process; or answers what never comes, so that whoever waits for it stays where it is until the process is killed. */
export type Death = (point: string) => undefined | Promise<never>

/**
 * Counts the points that a process passes, and ends it at one of them. There is one before and one after each step; they are numbered
 * from 1 on, from the moment that the plan is armed.
 */
export class FaultPlan {
  /** The steps that were begun, in order. */
  steps: string[] = []
  /** Where it was, in order: step within step, where one asks for another. */
  points: string[] = []
  readonly #layer: FaultLayer
  #killAt: number
  readonly #die: Death
  #isArmed = false
  #afterOnly = false

  constructor(plan: { readonly layer: FaultLayer; readonly killAt: number; readonly die: Death }) {
    this.#layer = plan.layer
    this.#killAt = plan.killAt
    this.#die = plan.die
  }

  get passed(): number {
    return this.points.length
  }

  /** Counts from here on. `killAt` is another point than the first one that was planned; of those after steps only, if `afterOnly`. */
  arm(killAt = this.#killAt, afterOnly = false): void {
    this.#killAt = killAt
    this.#afterOnly = afterOnly
    this.steps = []
    this.points = []
    this.#isArmed = true
  }

  before(layer: FaultLayer, step: string): undefined | Promise<never> {
    if (layer !== this.#layer || !this.#isArmed) return undefined
    this.steps.push(step)
    return this.#pass(`before ${step}`)
  }

  after(layer: FaultLayer, step: string): undefined | Promise<never> {
    return layer === this.#layer && this.#isArmed ? this.#pass(`after ${step}`) : undefined
  }

  /** Runs a step between its two points. A step that fails has no second one. */
  async around<T>(layer: FaultLayer, step: string, work: () => Promise<T>): Promise<T> {
    await this.before(layer, step)
    const result = await work()
    await this.after(layer, step)
    return result
  }

  #pass(point: string): undefined | Promise<never> {
    this.points.push(point)
    const counted = this.#afterOnly ? this.points.filter(isAfter) : this.points
    return (isAfter(point) || !this.#afterOnly) && counted.length === this.#killAt ? this.#die(point) : undefined
  }
}

const isAfter = (point: string) => point.startsWith('after ')
