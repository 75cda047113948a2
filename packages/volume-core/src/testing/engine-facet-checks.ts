import assert from 'node:assert/strict'
import type { FacetName } from '../driver.js'
import type { EngineCheck, EngineStage } from './engine-checks.js'
import { inUse, isWhole } from './engine-volumes.js'
import { assertRefused } from './refusals.js'
import { plantTree, spoilTree } from './volume-tree.js'

/** What holds of a driver's facets with the engine around them. */
export const engineFacetChecks: readonly EngineCheck[] = [
  { title: 'is told as unsupported where it lacks a facet, and the volume stays whole', run: unsupported },
  { title: 'resizing: has the new size after a restart', needs: ['resizing'], run: resize },
  {
    title: 'snapshots: are kept over a restart, restored, and keep the volume from being removed',
    needs: ['snapshots'],
    run: snapshots,
  },
  { title: 'cloning: makes a volume with the content of another', needs: ['cloning'], run: clone },
  { title: 'renaming: has the volume under its new name alone, after a restart too', needs: ['renaming'], run: rename },
  { title: 'usage: tells of each volume', needs: ['usage'], run: usage },
  { title: 'inventory: finds a volume without a record, and removes it', needs: ['inventory'], run: adopt },
  {
    title: 'health: is told',
    needs: ['health'],
    run: async ({ engine }) => {
      const [told] = await engine.health()
      assert.ok(told?.health !== undefined, `its health is not known: ${told?.error?.message}`)
    },
  },
]

async function unsupported(stage: EngineStage): Promise<void> {
  const { volumes } = stage.engine
  await volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  const attempts: Partial<Record<FacetName, () => Promise<unknown>>> = {
    resizing: () => volumes.update('vol', { sizeBytes: 1 << 40 }),
    snapshots: () => volumes.createSnapshot('vol', { name: 'kept' }),
    cloning: () => volumes.create({ name: 'other', from: { volume: 'vol' } }),
    renaming: () => volumes.rename('vol', 'other'),
  }
  for (const [facet, attempt] of Object.entries(attempts)) {
    if (stage.held.includes(facet as FacetName)) continue
    await assertRefused(attempt(), `${facet} is there, and nobody was told`, ['unsupported'])
  }
  if (stage.isDurable) await isWhole(stage, 'vol', tree, 'what was unsupported changed the volume')
  assert.equal(await volumes.find('other'), undefined, 'what was unsupported made a volume')
  await volumes.remove('vol')
}

async function resize(stage: EngineStage): Promise<void> {
  await stage.engine.volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  const { sizeBytes } = await stage.engine.volumes.get('vol')
  const wanted = stage.resizeBytes ?? (sizeBytes === undefined ? 64 << 20 : sizeBytes * 2)
  const { sizeBytes: grown } = await stage.engine.volumes.update('vol', { sizeBytes: wanted })
  assert.ok(grown !== undefined && grown > (sizeBytes ?? 0), `it was ${sizeBytes} and is ${grown} bytes after growing`)
  await stage.restart()
  assert.equal((await stage.engine.volumes.get('vol')).sizeBytes, grown)
  if (stage.isDurable) await isWhole(stage, 'vol', tree, 'growing changed the volume')
  await stage.engine.volumes.remove('vol')
}

async function snapshots(stage: EngineStage): Promise<void> {
  await stage.engine.volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  await stage.engine.volumes.createSnapshot('vol', { name: 'snap', labels: { why: 'test' } })
  await inUse(stage, 'vol', spoilTree)
  await stage.restart()
  const { volumes } = stage.engine
  assert.deepEqual(
    (await volumes.snapshots('vol')).map(({ name, labels }) => [name, labels]),
    [['snap', { why: 'test' }]],
  )
  await assertRefused(volumes.remove('vol'), 'a volume with a snapshot was removed', ['in-use'])
  await volumes.restoreSnapshot('vol', 'snap')
  await isWhole(stage, 'vol', tree, 'a snapshot that was restored')
  await volumes.removeSnapshot('vol', 'snap')
  assert.deepEqual(await volumes.snapshots('vol'), [])
  await volumes.remove('vol')
}

async function clone(stage: EngineStage): Promise<void> {
  const { volumes } = stage.engine
  await volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  await volumes.create({ name: 'other', from: { volume: 'vol' } })
  await isWhole(stage, 'other', tree, 'the clone is not what its source was')
  await volumes.remove('vol')
  await stage.restart()
  await isWhole(stage, 'other', tree, 'the clone did not outlive its source')
  await stage.engine.volumes.remove('other')
}

async function rename(stage: EngineStage): Promise<void> {
  const { volumes } = stage.engine
  await volumes.create({ name: 'vol', options: stage.options, labels: { tier: 'test' } })
  const tree = await inUse(stage, 'vol', plantTree)
  const held = await volumes.attach('vol', { holder: 'tester' })
  await assertRefused(volumes.rename('vol', 'other'), 'a volume in use was renamed', ['in-use'])
  await volumes.detach('vol', held.id)
  await volumes.rename('vol', 'other')
  await stage.restart()
  assert.equal(await stage.engine.volumes.find('vol'), undefined, 'the old name is still there')
  assert.deepEqual((await stage.engine.volumes.get('other')).labels, { tier: 'test' })
  if (stage.isDurable) await isWhole(stage, 'other', tree, 'the volume lost something by its rename')
  await stage.engine.volumes.remove('other')
}

async function usage(stage: EngineStage): Promise<void> {
  const { volumes } = stage.engine
  await volumes.create({ name: 'vol', options: stage.options })
  await inUse(stage, 'vol', async (path) => {
    await plantTree(path)
    const { usedBytes } = await volumes.measure('vol')
    assert.ok(usedBytes >= 128 << 10, `a volume with 256 KiB in it uses ${usedBytes} bytes`)
    const [told, ...others] = await volumes.usages()
    assert.equal(told?.volume, 'vol')
    assert.ok(told.usage !== undefined, `its usage is not known: ${told.error}`)
    assert.equal(others.length, 0)
  })
  await volumes.remove('vol')
}

async function adopt(stage: EngineStage): Promise<void> {
  await stage.engine.volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  await stage.forget()
  const { volumes } = stage.engine
  assert.equal((await volumes.find('vol'))?.name, 'vol', 'a volume that its backend has is not found')
  const { volumes: listed, warnings } = await volumes.list()
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['vol'],
  )
  assert.deepEqual(warnings, [])
  if (stage.isDurable) await isWhole(stage, 'vol', tree, 'a volume that was found at its backend')
  await volumes.remove('vol')
  assert.equal(await volumes.find('vol'), undefined, 'a volume that was found at its backend cannot be removed')
}
