import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'

/** The pid of the containerd that this daemon started: the one whose command line names its folder. */
function containerdOf(daemon: RunningPouchd): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const found = pids.find((pid) => {
    try {
      const [program = '', ...rest] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return program.endsWith('containerd') && rest.join(' ').includes(daemon.folder)
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error('no containerd of this daemon runs')
  return Number(found)
}

describe('containerd killed under pouchd', () => {
  let daemon: RunningPouchd | undefined
  afterEach(() => daemon?.remove())

  it('fails what is under way, keeps the containers, and comes back', async () => {
    daemon = await RunningPouchd.start()
    await daemon.loadBusybox()
    const body = { Image: 'busybox', Cmd: ['sleep', '600'], StopSignal: 'SIGKILL' }
    expect((await daemon.request('POST', '/v1.43/containers/create?name=survivor', body)).status).toBe(201)
    expect((await daemon.request('POST', '/v1.43/containers/survivor/start')).status).toBe(204)
    process.kill(containerdOf(daemon), 'SIGKILL')
    const during = await daemon.request('POST', '/v1.43/containers/create?name=during', body)
    expect([201, 503], during.text).toContain(during.status)
    expect((await daemon.request('GET', '/v1.43/volumes')).status).toBe(200)
    const deadline = Date.now() + 15_000
    let after = await daemon.request('POST', '/v1.43/containers/create?name=after', body)
    while (after.status !== 201 && Date.now() < deadline) {
      await delay(200)
      after = await daemon.request('POST', '/v1.43/containers/create?name=after', body)
    }
    expect(after.status, after.text).toBe(201)
    expect((await daemon.request('POST', '/v1.43/containers/after/start')).status).toBe(204)
    const { State } = (await daemon.request('GET', '/v1.43/containers/survivor/json')).json<{
      State: { Running: boolean }
    }>()
    expect(State.Running).toBe(true)
    for (const name of ['survivor', 'after'])
      expect((await daemon.request('DELETE', `/v1.43/containers/${name}?force=1`)).status).toBe(204)
  })
})
