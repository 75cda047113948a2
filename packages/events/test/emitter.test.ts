import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createEmitter } from '../src/index.js'

type Events = {
  made: (name: string, size: number) => unknown
  error: (error: Error) => void
}

const collected: { error: unknown; event: string }[] = []
const collect = (error: unknown, event: string) => void collected.push({ error, event })

afterEach(() => {
  collected.length = 0
})

describe('an emitter', () => {
  it('hands each listener what was emitted, in the order in which they were added', () => {
    const emitter = createEmitter<Events>()
    const heard: string[] = []
    emitter.on('made', (name, size) => heard.push(`first ${name} ${size}`))
    emitter.on('made', (name, size) => heard.push(`second ${name} ${size}`))
    emitter.prependListener('made', () => heard.push('before'))
    expect(emitter.emit('made', 'a', 1)).toBe(true)
    expect(heard).toEqual(['before', 'first a 1', 'second a 1'])
  })

  it('tells whether anybody listens', () => {
    const emitter = createEmitter<Events>()
    const listener = () => undefined
    expect(emitter.emit('made', 'a', 1)).toBe(false)
    emitter.on('made', listener)
    expect(emitter.emit('made', 'a', 1)).toBe(true)
    emitter.off('made', listener)
    expect(emitter.emit('made', 'a', 1)).toBe(false)
  })

  it('reaches every listener when some throw, and reports each failure', () => {
    const emitter = createEmitter<Events>(collect)
    const heard: string[] = []
    const failure = new Error('broken')
    emitter.on('made', () => {
      throw failure
    })
    emitter.on('made', (name) => heard.push(name))
    emitter.on('made', () => {
      throw 'not even an error'
    })
    emitter.on('made', (name) => heard.push(name))
    emitter.emit('made', 'a', 1)
    expect(heard).toEqual(['a', 'a'])
    expect(collected).toEqual([
      { error: failure, event: 'made' },
      { error: 'not even an error', event: 'made' },
    ])
  })

  it('reports what an async listener rejects with', async () => {
    const emitter = createEmitter<Events>(collect)
    const failure = new Error('later')
    emitter.on('made', async () => {
      await turn()
      throw failure
    })
    emitter.emit('made', 'a', 1)
    expect(collected).toEqual([])
    await vi.waitFor(() => expect(collected).toEqual([{ error: failure, event: 'made' }]))
  })

  it('does not throw on an error event that nobody listens to', () => {
    const emitter = createEmitter<Events>()
    expect(emitter.emit('error', new Error('unheard'))).toBe(false)
  })

  it('calls a once-listener once, also when it throws', () => {
    const emitter = createEmitter<Events>(collect)
    emitter.once('made', () => {
      throw new Error('once')
    })
    emitter.emit('made', 'a', 1)
    emitter.emit('made', 'b', 2)
    expect(collected).toHaveLength(1)
    expect(emitter.listenerCount('made')).toBe(0)
  })

  it('calls the listeners that were there when it was emitted', () => {
    const emitter = createEmitter<Events>()
    const heard: string[] = []
    emitter.on('made', () => {
      emitter.on('made', () => heard.push('late'))
    })
    emitter.emit('made', 'a', 1)
    expect(heard).toEqual([])
  })

  it('works with events.once', async () => {
    const emitter = createEmitter<Events>()
    const waiting = once(emitter as unknown as NodeJS.EventEmitter, 'made')
    emitter.emit('made', 'a', 1)
    expect(await waiting).toEqual(['a', 1])
  })

  it('shows a failure as a process warning when it was given no handler', async () => {
    const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
    const emitter = createEmitter<Events>()
    emitter.on('made', () => {
      throw new Error('nobody handles this')
    })
    emitter.emit('made', 'a', 1)
    expect(await warning).toMatchObject({
      name: 'PouchListenerWarning',
      message: expect.stringContaining('nobody handles this'),
    })
  })

  it('survives a handler of failures that fails itself', async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => void warnings.push(warning.message)
    process.on('warning', listen)
    const emitter = createEmitter<Events>(() => {
      throw new Error('the handler broke')
    })
    const heard: string[] = []
    emitter.on('made', async () => {
      throw new Error('the listener broke')
    })
    emitter.on('made', (name) => heard.push(name))
    emitter.emit('made', 'a', 1)
    await vi.waitFor(() => expect(warnings).toHaveLength(2))
    process.off('warning', listen)
    expect(heard).toEqual(['a'])
    expect(warnings.join()).toMatch(/the listener broke[\s\S]*the handler broke/)
  })

  it('takes any number of listeners without a warning', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => void warnings.push(warning)
    process.on('warning', listen)
    const emitter = createEmitter<Events>()
    for (let i = 0; i < 50; i += 1) emitter.on('made', () => undefined)
    await turn()
    process.off('warning', listen)
    expect(warnings).toEqual([])
  })
})
