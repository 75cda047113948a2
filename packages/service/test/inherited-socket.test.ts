import { describe, expect, it } from 'vitest'
import { inheritedSocket } from '../src/index.js'

describe('a socket that systemd hands over', () => {
  it('is the third descriptor, and children are told of none', () => {
    const env = { LISTEN_PID: '12', LISTEN_FDS: '1', LISTEN_FDNAMES: 'plugin', HOME: '/' }
    expect([inheritedSocket(env, 12), env]).toEqual([3, { HOME: '/' }])
  })

  it.each([
    ['nothing was said', {}],
    ['it is for another process', { LISTEN_PID: '13', LISTEN_FDS: '1' }],
  ])('is none when %s', (_, env) => {
    expect(inheritedSocket(env, 12)).toBeUndefined()
  })

  it.each(['0', '2'])('is refused when there are %s', (count) => {
    const env = { LISTEN_PID: '12', LISTEN_FDS: count }
    expect(() => inheritedSocket(env, 12)).toThrow(`systemd hands over ${count} sockets, and one is used`)
  })
})
