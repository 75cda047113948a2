import type { DriverDefinition } from '@pouch/volume-core'
import { memoryDriver } from '@pouch/volume-core/testing'
import { expect, it, onTestFinished } from 'vitest'
import { send } from './support/http-request.js'
import { openVolumeServer } from './support/volume-server.js'

const never = () => new Promise<never>(() => undefined)

/** A driver whose backend can be made to hang. */
function mutable(): DriverDefinition & { hang: () => void } {
  const definition = memoryDriver({ name: 'mute', facets: ['inventory', 'snapshots'] })
  let hang = () => {}
  const open: DriverDefinition['open'] = async (host) => {
    const driver = await definition.open(host)
    hang = () => Object.assign(driver, { describe: never, inventory: { get: never, list: never } })
    return driver
  }
  return { ...definition, open, hang: () => hang() }
}

it('a volume is told of with what is recorded, and the reason, while its backend hangs', async () => {
  const driver = mutable()
  const server = await openVolumeServer({ drivers: [driver] })
  onTestFinished(() => server.close())
  const own = '/pouch/v1/volumes'
  const made = await send(server.socket, own, { method: 'POST', body: { name: 'held', driver: 'mute' } })
  const kept = await send(server.socket, `${own}/held/snapshots`, { method: 'POST', body: { name: 'kept' } })
  expect([made.status, kept.status]).toEqual([201, 201])
  driver.hang()
  const details = await send(server.socket, `${own}/held/details`)
  expect([details.status, details.json]).toEqual([
    200,
    {
      facets: {},
      facts: {},
      snapshots: [expect.objectContaining({ name: 'kept' })],
      error: expect.stringMatching(/driver mute did not answer within 1\d{3} ms/),
    },
  ])
  const shown = await send(server.socket, '/volumes/held')
  expect([shown.status, shown.json]).toMatchObject([
    200,
    { Name: 'held', Status: { phase: 'ready', error: expect.stringContaining('did not answer') } },
  ])
})
