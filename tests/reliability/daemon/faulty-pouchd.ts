import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsup'
import { RunningPouchd, repository } from '../../running-pouchd.js'
import type { FromDaemon, KillPoint, ToDaemon } from './messages.js'

const modules = ['preload', 'resolve-hook', 'faulty-store-sqlite', 'faulty-volume-local', 'faulty-volume-tmpfs']

/**
 * The program pouchd as it is built, in a process whose loader gives it a store and drivers with faults. Nothing of pouchd knows of that.
 */
export class FaultyPouchd {
  readonly daemon: RunningPouchd
  readonly #faults: string
  readonly #report: string

  private constructor(daemon: RunningPouchd, faults: string, report: string) {
    this.daemon = daemon
    this.#faults = faults
    this.#report = report
  }

  static async start(): Promise<FaultyPouchd> {
    const cache = join(repository, '.cache/tests')
    mkdirSync(cache, { recursive: true })
    const faults = mkdtempSync(join(cache, 'faults-'))
    try {
      await build({
        config: false,
        silent: true,
        entry: Object.fromEntries(modules.map((name) => [name, join(import.meta.dirname, `${name}.ts`)])),
        outDir: faults,
        format: 'esm',
        target: 'node20',
        outExtension: () => ({ js: '.mjs' }),
        external: [/^@pouch\//],
        tsconfig: join(repository, 'tsconfig.base.json'),
      })
      const report = join(faults, 'killed-at')
      const env = { POUCH_TEST_FAULT_REPORT: report }
      const daemon = await RunningPouchd.start({ preload: { module: join(faults, 'preload.mjs'), env } })
      return new FaultyPouchd(daemon, faults, report)
    } catch (error) {
      rmSync(faults, { recursive: true })
      throw error
    }
  }

  /** Has it die at a point of what comes next. */
  async arm(point: KillPoint): Promise<void> {
    await this.#ask({ arm: point })
  }

  /** The steps since it was armed. */
  async steps(): Promise<readonly string[]> {
    const answer = await this.#ask({ tell: true })
    if (!('steps' in answer)) throw new Error('pouchd did not tell its steps')
    return answer.steps
  }

  /** Kills it, if it has not died at its point. @returns where it died; `undefined` for the former */
  async end(isAlive: boolean): Promise<string | undefined> {
    await (isAlive ? this.daemon.kill() : this.daemon.ended())
    if (!existsSync(this.#report)) return undefined
    const point = readFileSync(this.#report, 'utf8')
    rmSync(this.#report)
    return point
  }

  /**
   * Starts it again, to die at a point of its recovery; if it never comes to that point, once it answers.
   *
   * @param point by number, before and after each step, from 1 on
   * @returns where it died; `undefined` for the latter
   */
  async startDying(point: number): Promise<string | undefined> {
    await this.daemon.start({ POUCH_TEST_FAULT_AT: String(point) }).catch((error: unknown) => {
      if (this.daemon.isRunning || !existsSync(this.#report)) throw error
    })
    return await this.end(this.daemon.isRunning)
  }

  async remove(): Promise<void> {
    await this.daemon.remove()
    rmSync(this.#faults, { recursive: true })
  }

  async #ask(message: ToDaemon): Promise<FromDaemon> {
    return (await this.daemon.ask(message)) as FromDaemon
  }
}
