import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHost } from '../support/test-host.js'

let host: TestHost

beforeAll(async () => {
  host = await TestHost.start()
})
afterAll(async () => {
  await host.end()
})

describe('the life of a container', () => {
  it('creates, starts, waits, reads the log and removes', async () => {
    const { id, exitCode, stdout, stderr } = await host.run(['sh', '-c', 'echo out; echo err >&2; exit 42'])
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 42, stdout: 'out\n', stderr: 'err\n' })
    expect(host.manager.get(id).state).toMatchObject({ status: 'exited', exitCode: 42, pid: 0 })
    await host.manager.remove(id)
    expect(() => host.manager.get(id)).toThrow(/No such container/)
  })
})
