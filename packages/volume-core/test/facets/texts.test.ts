import { PouchError } from '@pouch/errors'
import { expect, it } from 'vitest'
import type { CloneSource, VolumeManager } from '../../src/index.js'
import { freshHome, openEngine } from '../support/open-engine.js'
import { fullDriver, replaced } from './support.js'

async function held(): Promise<VolumeManager> {
  const { volumes } = await openEngine({ home: freshHome(), drivers: [fullDriver('local'), fullDriver('other')] })
  await volumes.create({ name: 'vol' })
  await volumes.createSnapshot('vol', { name: 'snap' })
  await volumes.attach('vol', { holder: 'web' })
  return volumes
}

it.each<[string, (volumes: VolumeManager) => Promise<unknown>, string]>([
  ['restore', (all) => all.restoreSnapshot('vol', 'snap'), 'volume is in use - [web]: stop what uses it first'],
  ['rename', (all) => all.rename('vol', 'new'), 'volume is in use - [web]: remove what uses it first'],
  ['migrate', (all) => all.migrate('vol', { driver: 'other' }), 'volume is in use - [web]: remove what uses it first'],
  ['remove', (all) => all.remove('vol'), 'volume is in use - [web]'],
  ['remove snapshot of', (all) => all.removeSnapshot('vol', 'nope'), 'no such snapshot: "nope"; it has snap'],
])('%s tells what is in the way, and the way out', async (words, run, why) => {
  await expect(run(await held())).rejects.toMatchObject({ message: `${words} vol: ${why}` })
})

it('a clone of a snapshot that is not there is about the clone', async () => {
  const volumes = await held()
  const clone = volumes.create({ name: 'copy', from: { volume: 'vol', snapshot: 'nope' } })
  await expect(clone).rejects.toMatchObject({
    message: 'create copy: no such snapshot of volume vol: "nope"; it has snap',
    op: 'volume.create',
    subject: 'copy',
  })
})

it.each<unknown>(['vol', null, {}, { volume: 5 }, { volume: 'vol', snapshot: 5 }])(
  'a clone of %o is told what to give',
  async (given) => {
    const clone = (await held()).create({ name: 'copy', from: given as CloneSource })
    await expect(clone).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^create copy: from is \{ volume, snapshot\? \}: /),
      subject: 'copy',
      details: { field: 'from' },
    })
  },
)

it.each([
  ['z', 'snapshot vol: snapshot name is too short, names should be at least two alphanumeric characters'],
  [
    'a/b',
    'snapshot vol: "a/b" includes invalid characters for a snapshot name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed',
  ],
])('the name %j of a snapshot is refused in one sentence', async (name, message) => {
  await expect((await held()).createSnapshot('vol', { name })).rejects.toMatchObject({ message })
})

it('what may be exported while it is written says by what', async () => {
  await expect((await held()).export('vol')).rejects.toMatchObject({
    message: expect.stringMatching(/: somebody may be writing into it: stop them, or allow an inconsistent copy$/),
    details: { holders: ['web'], unless: 'allowInconsistent' },
  })
})

it('a backend that fails is named by what was asked for', async () => {
  const down = async () => Promise.reject(new PouchError('unavailable', 'it is away'))
  const away = replaced(fullDriver('away', undefined, ['inventory']), { 'inventory.get': down, 'inventory.list': down })
  const { volumes } = await openEngine({ drivers: [fullDriver('local'), away] })
  expect((await volumes.list()).warnings).toEqual(['list away: it is away'])
  await expect(volumes.create({ name: 'vol', driver: 'away' })).rejects.toMatchObject({
    message: expect.stringMatching(/^create vol: (?!.*get vol)/),
  })
})
