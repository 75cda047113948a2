import type { EngineCheck, EngineStage } from './engine-checks.js'
import { inUse, isWhole } from './engine-volumes.js'
import { assertRefused, doneOrRefused } from './refusals.js'
import { plantTree, spoilTree } from './volume-tree.js'

/**
 * What a driver has, and no record tells of, is somebody's. An engine over a store that is new stands for it: after a backup of the store was
 * restored that is older than the volumes.
 */
export const foreignChecks: readonly EngineCheck[] = [
  { title: 'fills no volume that no record tells of: an import leaves it alone', run: ofImport },
  { title: 'cloning: leaves alone what no record tells of', needs: ['cloning'], run: ofClone },
  { title: 'renaming: leaves alone what no record tells of', needs: ['renaming'], run: ofRename },
  {
    title: 'snapshots: neither replaces nor takes for its own one that no record tells of',
    needs: ['snapshots'],
    run: ofSnapshot,
  },
]

async function ofImport(stage: EngineStage): Promise<void> {
  await leftAlone(stage, async ({ engine: { volumes }, options }) => {
    const work = volumes.import({ name: 'vol', options }, emptyArchive())
    await assertRefused(work, 'an import filled a volume that was there', ['already-exists'])
  })
}

async function ofClone(stage: EngineStage): Promise<void> {
  await leftAlone(stage, async ({ engine: { volumes } }) => {
    const work = volumes.create({ name: 'vol', from: { volume: 'other' } })
    await assertRefused(work, 'a clone took the place of a volume that was there', ['already-exists'])
  })
}

async function ofRename(stage: EngineStage): Promise<void> {
  await leftAlone(stage, async ({ engine: { volumes } }) => {
    const work = volumes.rename('other', 'vol')
    await assertRefused(work, 'a rename took the place of a volume that was there', ['already-exists'])
  })
}

async function ofSnapshot(stage: EngineStage): Promise<void> {
  const { volumes } = stage.engine
  await volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  await volumes.createSnapshot('vol', { name: 'snap' })
  const goBack = await stage.forget()
  const { volumes: later } = stage.engine
  // A volume that is not as it is wanted is no volume to the driver, and then nobody makes snapshots of it.
  const create = later.create({ name: 'vol', options: stage.options })
  if (await doneOrRefused(create, 'already-exists')) {
    await inUse(stage, 'vol', spoilTree)
    const work = later.createSnapshot('vol', { name: 'snap' })
    await assertRefused(work, 'a snapshot took the place of one that was there', ['already-exists'])
  }
  await goBack()
  await stage.engine.volumes.restoreSnapshot('vol', 'snap')
  await isWhole(stage, 'vol', tree, 'a snapshot that no record told of')
  await stage.engine.volumes.removeSnapshot('vol', 'snap')
  await stage.engine.volumes.remove('vol')
}

/** Makes `vol`, which the engine then does not know, and `other`, which it does; `attempt` is to change neither. */
async function leftAlone(stage: EngineStage, attempt: (stage: EngineStage) => Promise<void>): Promise<void> {
  if (!stage.isDurable) return
  await stage.engine.volumes.create({ name: 'vol', options: stage.options })
  const tree = await inUse(stage, 'vol', plantTree)
  const goBack = await stage.forget()
  await stage.engine.volumes.create({ name: 'other', options: stage.options })
  const other = await inUse(stage, 'other', async (path) => {
    await plantTree(path)
    return await spoilTree(path)
  })
  await attempt(stage)
  await isWhole(stage, 'other', other, 'what was refused changed the volume that it was asked of')
  await stage.engine.volumes.remove('other')
  await goBack()
  await isWhole(stage, 'vol', tree, 'what was refused changed the volume that was in the way')
  await stage.engine.volumes.remove('vol')
}

/** A tar archive with nothing in it. */
async function* emptyArchive(): AsyncIterable<Uint8Array> {
  yield new Uint8Array(1024)
}
