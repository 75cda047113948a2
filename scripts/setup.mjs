// Prepares a clone: pnpm, packages, build. `--tests` adds what the tests need.
import { installDebian, needs } from './setup/debian.mjs'
import { main, say } from './setup/say.mjs'
import { prepareWorkspace } from './setup/workspace.mjs'

await main(async () => {
  const yes = process.argv.includes('--yes')
  const wanted = process.argv.includes('--tests') ? [...needs.engine, ...needs.vm, ...needs.tests] : needs.engine
  const absent = await installDebian(wanted, { yes })
  await prepareWorkspace({ yes })
  if (absent.length > 0)
    say(`\nabsent, so what needs them does not work here: ${absent.map((need) => need.debian).join(', ')}`)
  say('\nready, in node_modules/.bin: pouchd, pouch, pouch-volume-plugin, pouch-volume-check')
})
