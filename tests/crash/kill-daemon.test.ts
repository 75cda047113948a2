import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { Churn } from './churn.js'
import { orphans, type Told, told } from './host-state.js'
import { digestOfLog, numberedOutput } from './numbered-output.js'
import { SeededRandom } from './random.js'

const kills = Number(process.env.POUCH_TEST_KILLS ?? 50)
const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
const writerBlocks = 320
const writerPauseMicros = 6000

/** A container that prints at full speed; its every byte is known beforehand. */
interface Writer {
  readonly id: string
  readonly name: string
  readonly pid: number
  readonly beganMs: number
}

describe(`kill -9 of pouchd, ${kills} times (seed ${seed})`, () => {
  let daemon: RunningPouchd
  const rates: number[] = []
  let verified = 0

  beforeAll(async () => {
    daemon = await RunningPouchd.start()
    await daemon.loadBusybox()
  })

  afterAll(() => daemon?.remove())

  async function startWriter(name: string): Promise<Writer> {
    const Cmd = ['sh', '-c', numberedOutput.script(writerBlocks, writerPauseMicros)]
    const LogConfig = { Type: 'json-file', Config: { 'max-size': '2g', 'max-file': '1' } }
    const created = await daemon.request('POST', `/v1.43/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd,
      HostConfig: { LogConfig },
    })
    expect(created.status, created.text).toBe(201)
    const id = created.json<{ Id: string }>().Id
    expect((await daemon.request('POST', `/v1.43/containers/${id}/start`)).status).toBe(204)
    const { State } = (await daemon.request('GET', `/v1.43/containers/${id}/json`)).json<{ State: { Pid: number } }>()
    return { id, name, pid: State.Pid, beganMs: performance.now() }
  }

  /** A writer that has ended is checked to its last byte and replaced; one that runs must be the same process. */
  async function followWriter(writer: Writer, next: string): Promise<Writer> {
    const { State } = (await daemon.request('GET', `/v1.43/containers/${writer.id}/json`)).json<{
      State: { Status: string; Pid: number; ExitCode: number; StartedAt: string; FinishedAt: string }
    }>()
    if (State.Status === 'running') {
      expect(State.Pid).toBe(writer.pid)
      return writer
    }
    expect(State).toMatchObject({ Status: 'exited', ExitCode: 0 })
    const bytes = writerBlocks * numberedOutput.blockBytes
    rates.push(bytes / 1e6 / ((Date.parse(State.FinishedAt) - Date.parse(State.StartedAt)) / 1000))
    const log = await digestOfLog(daemon, writer.id)
    expect(log.digest, `log of ${writer.name}: ${log.bytes} bytes`).toBe(numberedOutput.digest(writerBlocks))
    verified += 1
    expect((await daemon.request('DELETE', `/v1.43/containers/${writer.id}`)).status).toBe(204)
    return startWriter(next)
  }

  function expectAcknowledged(churns: readonly Churn[], known: Told): void {
    for (const churn of churns) {
      for (const [name, presence] of churn.volumes) {
        if (presence !== 'unknown') expect(known.volumes.has(name), `volume ${name}`).toBe(presence === 'present')
      }
      for (const [name, { presence }] of churn.containers) {
        if (presence !== 'unknown') expect(known.containers.has(name), `container ${name}`).toBe(presence === 'present')
      }
    }
  }

  /** containerd takes back by itself what it was making for a client that died, and forgets some of it: the daemon looks for six seconds. */
  async function expectNoOrphans(): Promise<void> {
    const deadline = performance.now() + 15_000
    let left = orphans(daemon, await told(daemon))
    while (left.length > 0 && performance.now() < deadline) {
      await delay(100)
      left = orphans(daemon, await told(daemon))
    }
    expect(left).toEqual([])
  }

  async function expectReferences(churns: readonly Churn[]): Promise<void> {
    for (const churn of churns) {
      const [held] = [...churn.containers].filter(([, { presence }]) => presence === 'present')
      if (held === undefined) continue
      const answer = await daemon.request('DELETE', `/v1.43/volumes/${held[1].volume}`)
      expect(answer.status, answer.text).toBe(409)
    }
  }

  it('loses nothing that was acknowledged, and leaves no orphan', { timeout: 900_000 }, async () => {
    const random = new SeededRandom(seed)
    const churns = ['a', 'b', 'c'].map((name) => new Churn(daemon, random, name))
    let writers = [await startWriter('writer-0-0'), await startWriter('writer-1-0')]
    for (let round = 1; round <= kills; round += 1) {
      const work = churns.map((churn) => churn.run())
      await delay(random.between(30, 900))
      await daemon.kill()
      for (const churn of churns) churn.stop()
      await Promise.all(work)
      await daemon.start()
      const known = await told(daemon)
      expectAcknowledged(churns, known)
      for (const churn of churns) churn.settle(new Set(known.volumes.keys()), new Set(known.containers.keys()))
      await expectNoOrphans()
      await expectReferences(churns)
      writers = await Promise.all(writers.map((writer, index) => followWriter(writer, `writer-${index}-${round}`)))
    }
    const acknowledged = churns.reduce((sum, churn) => sum + churn.acknowledged, 0)
    process.stdout.write(
      `${kills} kills, ${acknowledged} acknowledged operations, ${verified} logs whole, writers at ${rates.map((rate) => rate.toFixed(0)).join(', ')} MB/s\n`,
    )
    expect(verified).toBeGreaterThan(1)
    expect(rates.sort((a, b) => a - b)[rates.length >> 1]).toBeGreaterThanOrEqual(20)
  })
})
