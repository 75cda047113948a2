// `npm run demo`: the main job from end to end, on real parts, each step in plain words.
import { containers } from './demo/containers.mjs'
import { volumesOnly } from './demo/volumes-only.mjs'
import { installDebian, needs } from './setup/debian.mjs'
import { isRoot, main, SetupError, say, step } from './setup/say.mjs'
import { prepareWorkspace } from './setup/workspace.mjs'

await main(async () => {
  const yes = process.argv.includes('--yes')
  const absent = isRoot ? await installDebian(needs.engine, { yes }) : []
  if (absent.length > 0) throw new SetupError(`the demo needs ${absent.map((need) => need.debian).join(', ')}`)
  const { sqlite } = await prepareWorkspace({ yes })
  const store = sqlite ? 'sqlite' : await secondChoice()
  step(isRoot ? 'the main job, as root' : 'not root: the volume engine alone; containers need root')
  if (isRoot) await containers({ store })
  else await volumesOnly({ store })
  say('\nThe demo is done, and nothing of it is left.')
})

async function secondChoice() {
  const hasNodeSqlite = await import('node:sqlite').then(
    () => true,
    () => false,
  )
  const store = hasNodeSqlite ? 'node-sqlite' : 'memory'
  say(
    `  going on with the ${store} store${store === 'memory' ? ': it forgets when its process ends' : ' of this Node'}`,
  )
  return store
}
