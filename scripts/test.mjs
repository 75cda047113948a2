// `npm test`: the set-up, then every test that fits this machine.
//   npm test -- --lane packages      one lane only (packages, privileged, vm, crossing, packed; repeatable)
//   npm test -- -t 'a name'          what follows goes to vitest
import { installDebian, needs } from './setup/debian.mjs'
import { main, say } from './setup/say.mjs'
import { runTests } from './setup/tests.mjs'
import { prepareWorkspace } from './setup/workspace.mjs'

await main(async () => {
  const { only, yes, extra } = readArguments(process.argv.slice(2))
  const absent = await installDebian([...needs.engine, ...needs.vm, ...needs.tests], { yes })
  await prepareWorkspace({ yes })
  const code = await runTests({ only, extra })
  if (absent.length > 0)
    say(`absent, so what needs them failed or did not run: ${absent.map((need) => need.debian).join(', ')}`)
  return code
})

function readArguments(args) {
  const only = []
  const extra = []
  let yes = false
  for (let index = 0; index < args.length; index += 1) {
    if (args[index] === '--lane') only.push(args[++index])
    else if (args[index] === '--yes') yes = true
    else extra.push(args[index])
  }
  return { only, yes, extra }
}
