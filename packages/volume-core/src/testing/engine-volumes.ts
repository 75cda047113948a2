import type { EngineStage } from './engine-checks.js'
import { assertTree, type VolumeTree } from './volume-tree.js'

/** Runs `action` on a volume that is attached for the time. */
export async function inUse<T>(
  { engine }: EngineStage,
  name: string,
  action: (path: string) => Promise<T>,
): Promise<T> {
  const { id, path } = await engine.volumes.attach(name, { holder: 'suite' })
  try {
    return await action(path ?? '')
  } finally {
    await engine.volumes.detach(name, id)
  }
}

/** Asserts that a volume has its tree. */
export async function isWhole(stage: EngineStage, name: string, tree: VolumeTree, what: string): Promise<void> {
  await inUse(stage, name, (path) => assertTree(path, tree, what))
}
