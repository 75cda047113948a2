// Takes away everything that the set-up, the build and the tests made inside this clone.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, say } from './setup/say.mjs'

await main(() => {
  const made = ['.tools', '.cache', '.nx', 'node_modules', 'coverage']
  for (const group of ['packages', 'examples']) {
    for (const name of readdirSync(join(root, group))) {
      made.push(...['node_modules', 'dist', 'src/gen', '.turbo'].map((part) => join(group, name, part)))
    }
  }
  made.push('tests/node_modules', 'bench/node_modules')
  for (const path of made) rmSync(join(root, path), { recursive: true, force: true })
  say("removed: packages, builds and caches of this clone. pnpm's store stays; `pnpm store prune` empties it")
})
