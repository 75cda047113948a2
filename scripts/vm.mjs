// A throw-away VM for what the kernel of this machine cannot do or must not be asked to do.
//   node scripts/vm.mjs build
//   node scripts/vm.mjs run [--disks 4G,4G] [--timeout 300] [--memory 1024] [--cpus 2] [--pack FOLDER] -- COMMAND
//   node scripts/vm.mjs test [FILE…]      the tests in packages/*/test/vm, in one VM
import { describeFailures } from './setup/failed-tests.mjs'
import { main, SetupError, say } from './setup/say.mjs'
import { runInVm } from './vm/boot.mjs'
import { vmImage } from './vm/image.mjs'
import { runVmTests } from './vm/tests.mjs'

const usage = 'usage: node scripts/vm.mjs build | run [options] -- COMMAND | test [FILE…]'

const readers = {
  '--disks': (value) => ({ disks: value === 'none' ? [] : value.split(',') }),
  '--timeout': (value) => ({ timeoutMs: Number(value) * 1000 }),
  '--memory': (value) => ({ memoryMb: Number(value) }),
  '--cpus': (value) => ({ cpus: Number(value) }),
  '--pack': (value) => ({ packed: value }),
}

await main(async () => {
  const [verb, ...rest] = process.argv.slice(2)
  if (verb === 'build') {
    await vmImage()
    return 0
  }
  if (verb === 'test') {
    const { code, passed, failed, failures } = await runVmTests(rest)
    say(`\n${passed} passed, ${failed} failed`)
    if (failures.length > 0) say(`\n${describeFailures(failures)}`)
    return code
  }
  if (verb !== 'run') throw new SetupError(usage)
  const { command, options } = readRun(rest)
  return await runInVm(command, options)
})

function readRun(args) {
  const end = args.indexOf('--')
  const words = end < 0 ? [] : args.slice(end + 1)
  if (words.length === 0) throw new SetupError(usage)
  const options = {}
  for (let index = 0; index < end; index += 2) {
    const value = args[index + 1]
    const read = readers[args[index]]
    if (read === undefined || index + 1 >= end)
      throw new SetupError(`${usage}\n${args[index]} is unknown or has no value`)
    Object.assign(options, read(value))
  }
  return { command: words.length === 1 ? words[0] : words.map(quoted).join(' '), options }
}

function quoted(word) {
  return `'${word.replaceAll("'", "'\\''")}'`
}
