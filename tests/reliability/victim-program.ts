import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { VictimEvent, VictimReport, VictimTask } from './victim-task.js'

const deadlineMs = 60_000

/** The victim as a program. */
export class VictimProgram {
  readonly #folder: string

  /** @param folder where its file `victim.mjs` is */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Runs one, and waits for its end. @throws when it ended otherwise than it was told to */
  async run(task: VictimOrder): Promise<VictimReport> {
    const { events, ending, errors } = await this.#run(task)
    const report = reportOf(events)
    const wanted = report.killedAt === undefined ? 0 : 'SIGKILL'
    if (ending === wanted && errors === '') return report
    throw new Error(`a victim ended with ${ending}: ${errors}\n${JSON.stringify(events)}\n${JSON.stringify(task)}`)
  }

  /** Runs one that has no end, and kills it some time after it has begun. @returns what it told */
  async runAndKill(task: VictimOrder, afterMs: number): Promise<readonly VictimEvent[]> {
    const { events, ending, errors } = await this.#run(task, afterMs)
    if (ending === 'SIGKILL' && errors === '') return events
    throw new Error(`a victim under load ended with ${ending}: ${errors}\n${JSON.stringify(task)}`)
  }

  async #run(task: VictimOrder, killAfterMs?: number) {
    const whole: VictimTask = { ...idle, ...task }
    const child = spawn(process.execPath, [join(this.#folder, 'victim.mjs'), JSON.stringify(whole)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGTERM',
    })
    if (killAfterMs !== undefined) child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), killAfterMs))
    const [[code, signal], out, errors] = await Promise.all([
      once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
      text(child.stdout),
      text(child.stderr),
    ])
    return { events: eventsIn(out), ending: signal ?? code, errors }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** What a victim does unless it is told otherwise: nothing. */
const idle = { prepare: [], run: [], layer: 'calls', killAt: 0, isArmedAtOpen: false, isKilledAtEnd: false } as const

type VictimOrder = Partial<VictimTask> & { readonly home: string }

/** What was told whole: the end of the last line may have died with the process. */
function eventsIn(out: string): VictimEvent[] {
  const lines = out.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as VictimEvent)
}

function reportOf(events: readonly VictimEvent[]): VictimReport {
  const passed = events.find((each) => each.event === 'passed')
  return {
    outcomes: events.flatMap((each) => (each.event === 'acknowledged' ? [each.outcome] : [])),
    killedAt: events.find((each) => each.event === 'killed')?.point,
    steps: passed?.steps ?? [],
    points: passed?.points ?? 0,
  }
}
