import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHost } from '../support/test-host.js'

let host: TestHost

beforeAll(async () => {
  host = await TestHost.start()
})
afterAll(async () => {
  await host.end()
})

describe('containerd going away', () => {
  it('ends no container and no log, and an end meanwhile is seen once it is back', async () => {
    const long = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done'],
    })
    const short = await host.manager.create({ image: 'busybox', command: ['sh', '-c', 'sleep 0.4; echo over; exit 3'] })
    await host.manager.start(long.id)
    await host.manager.start(short.id)
    const exit = host.manager.wait(short.id, 'next-exit')
    await host.killContainerd()
    expect(await exit).toEqual({ exitCode: 3 })
    expect(await host.text(short.id, { stdout: true })).toBe('over\n')
    let seen = 0
    for await (const _ of host.manager.logs(long.id, { stdout: true, follow: true })) {
      seen += 1
      if (seen > 10) break
    }
    expect(host.manager.get(long.id).state.status).toBe('running')
    await host.manager.stop(long.id, { timeoutSeconds: 0 })
    const lines = (await host.text(long.id, { stdout: true })).trim().split('\n').map(Number)
    expect(lines).toEqual(lines.map((_, index) => index))
    expect(lines.length).toBeGreaterThan(10)
    for (const { id } of [long, short]) await host.manager.remove(id)
  })

  it('fails what is asked meanwhile as unavailable, and the container is as it was', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['sh', '-c', 'exit 6'], volumes: ['/v'] })
    await host.withoutContainerd(async () => {
      await expect(host.manager.start(id)).rejects.toMatchObject({ code: 'unavailable' })
    })
    const exit = host.manager.wait(id, 'next-exit')
    await host.manager.start(id)
    expect(await exit).toEqual({ exitCode: 6 })
    await host.manager.remove(id, { volumes: true })
    expect(await host.volumes.volumes.references()).toEqual([])
  })
})

describe('a container that writes faster than its log is written', () => {
  it('is held for moments: the backlog stays bounded, nothing is lost, and it can be stopped', async () => {
    await host.manager.close()
    const limit = 4 * 1024 * 1024
    host.manager = host.newManager({ limits: { backlogBytes: limit } })
    await host.manager.open()
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', `yes ${'0123456789'.repeat(30)} | head -c 150000000; exit 4`],
      logConfig: { type: 'json-file', options: { 'max-size': '-1' } },
    })
    const exit = host.manager.wait(id, 'next-exit')
    await host.manager.start(id)
    let largest = 0
    let paused = 0
    let isOver = false
    void exit.then(() => {
      isOver = true
    })
    while (!isOver) {
      largest = Math.max(largest, host.rawBlocks(id))
      if ((await host.client.tasks.get(id))?.status === 'paused') paused += 1
      await delay(20)
    }
    expect(await exit).toEqual({ exitCode: 4 })
    expect(paused).toBeGreaterThan(0)
    expect(largest).toBeLessThan(100_000_000)
    let bytes = 0
    for await (const { line } of host.manager.logs(id, { stdout: true })) bytes += line.length
    expect(bytes).toBe(150_000_000)
    await host.manager.remove(id)

    const endless = await host.manager.create({ image: 'busybox', command: ['yes', '0123456789abcde'] })
    await host.manager.start(endless.id)
    await delay(800)
    const execId = await host.manager.execs.create(endless.id, { command: ['true'] })
    await host.manager.execs.start(execId, { detach: true })
    await host.manager.stop(endless.id, { timeoutSeconds: 5 })
    expect(host.manager.get(endless.id).state.status).toBe('exited')
    await host.manager.remove(endless.id)
  })
})
