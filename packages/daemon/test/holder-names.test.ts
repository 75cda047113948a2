import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import { expect, it } from 'vitest'
import type { RouteCall } from '../src/http/route.js'
import { namingHolders } from '../src/pouch/holder-names.js'

const id = 'ab'.repeat(32)
const engine = { containers: { list: () => [{ id, name: 'web' }] } } as unknown as Engine

it('names the containers that are in the way as people call them', async () => {
  const details = { holders: [id, 'somebody'] }
  const error = new PouchError('in-use', `rename a: volume is in use - [${id}, somebody]`, { subject: 'a', details })
  const { Rename } = namingHolders(engine, { Rename: () => Promise.reject(error) })
  await expect(Rename?.({} as RouteCall)).rejects.toMatchObject({
    code: 'in-use',
    message: 'rename a: volume is in use - [web, somebody]',
    subject: 'a',
    details,
  })
})

it('leaves answers and other errors as they are', async () => {
  const other = new PouchError('in-use', 'it has snapshots', { details: { snapshots: ['s'] } })
  const handlers = namingHolders(engine, { Fail: () => Promise.reject(other), Answer: () => 5 })
  await expect(handlers.Fail?.({} as RouteCall)).rejects.toBe(other)
  expect(await handlers.Answer?.({} as RouteCall)).toBe(5)
})
