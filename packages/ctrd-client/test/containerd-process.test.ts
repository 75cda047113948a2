import { expect, it } from 'vitest'
import { ContainerdProcess } from '../src/supervisor/containerd-process.js'

it('tells why a containerd cannot be started', async () => {
  await expect(ContainerdProcess.spawn('/nowhere/containerd', [], 2)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('ENOENT'),
    cause: { code: 'ENOENT' },
  })
})
