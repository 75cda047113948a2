import { describe, expect, it } from 'vitest'
import { NameLocks } from '../src/name-locks.js'

const wait = { op: 'volume.test', timeoutMs: 10_000 }
const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('a lock per name', () => {
  it('lets one in at a time, in the order of their coming', async () => {
    const locks = new NameLocks()
    const order: number[] = []
    let inside = 0
    const work = async (turn: number) => {
      inside += 1
      expect(inside).toBe(1)
      await tick()
      order.push(turn)
      inside -= 1
    }
    await Promise.all([0, 1, 2, 3, 4].map((turn) => locks.run('name', wait, () => work(turn))))
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect(locks.size).toBe(0)
  })

  it('does not keep names apart that differ', async () => {
    const locks = new NameLocks()
    const held = gate()
    const first = locks.run('one', wait, () => held.opened)
    await expect(locks.run('other', wait, async () => 'done')).resolves.toBe('done')
    held.open()
    await first
  })

  it('passes on when its holder fails', async () => {
    const locks = new NameLocks()
    const first = locks.run('name', wait, () => Promise.reject(new Error('mine')))
    const second = locks.run('name', wait, async () => 'done')
    await expect(first).rejects.toThrow('mine')
    await expect(second).resolves.toBe('done')
    expect(locks.size).toBe(0)
  })

  it('lets a cancelled wait go, and keeps the place of the others', async () => {
    const locks = new NameLocks()
    const held = gate()
    const cancel = new AbortController()
    const entered: string[] = []
    const first = locks.run('name', wait, () => held.opened)
    const second = locks.run('name', { ...wait, signal: cancel.signal }, async () => entered.push('second'))
    const third = locks.run('name', wait, async () => entered.push('third'))
    cancel.abort()
    await expect(second).rejects.toMatchObject({ code: 'aborted', subject: 'name' })
    held.open()
    await Promise.all([first, third])
    expect(entered).toEqual(['third'])
    expect(locks.size).toBe(0)
  })

  it('takes nobody in whose signal has fired already', async () => {
    const locks = new NameLocks()
    const signal = AbortSignal.abort()
    await expect(locks.run('name', { ...wait, signal }, async () => 'in')).rejects.toMatchObject({ code: 'aborted' })
    expect(locks.size).toBe(0)
  })

  it('ends a wait that takes too long', async () => {
    const locks = new NameLocks()
    const held = gate()
    const first = locks.run('name', wait, () => held.opened)
    await expect(locks.run('name', { ...wait, timeoutMs: 20 }, async () => 'in')).rejects.toMatchObject({
      code: 'timeout',
    })
    held.open()
    await first
    expect(locks.size).toBe(0)
  })

  it('stays shut as long as what its holder left behind is at work', async () => {
    const locks = new NameLocks()
    const straggler = gate()
    await locks.run('name', wait, async (lease) => lease.hold(straggler.opened))
    let isIn = false
    const next = locks.run('name', wait, async () => {
      isIn = true
    })
    await tick()
    expect(isIn).toBe(false)
    straggler.open()
    await next
    expect(isIn).toBe(true)
  })
})
