// `npm run soak`: the random parts of the reliability tests, over and over until the time is over. Needs root, and sets up what is missing.
//   npm run soak -- --minutes 60     how long; 10 unless told. The round that has begun is finished
//   npm run soak -- --seed 7         the same choices again; each round has the next seed
import { join } from 'node:path'
import { installDebian, needs } from './setup/debian.mjs'
import { isRoot, main, root, run, SetupError, say, step } from './setup/say.mjs'
import { prepareWorkspace } from './setup/workspace.mjs'

/** A round takes two or three minutes: a half for each part that is timed, and the rest for those that are counted. */
const round = [
  { what: 'an engine, killed at any moment', file: 'random-kills', env: { POUCH_TEST_MINUTES: '0.5' } },
  { what: 'a daemon, killed at any moment', file: 'daemon-kills', env: { POUCH_TEST_MINUTES: '0.5' } },
  {
    what: 'kills at steps of files, mounts, programs and recoveries',
    file: 'crash-matrix',
    // Its other part has no chance in it: `npm test` kills at each of those steps.
    args: ['-t', 'at steps'],
    env: { POUCH_TEST_SYSTEM_KILLS: '40', POUCH_TEST_RECOVERY_KILLS: '20' },
  },
  { what: 'an engine and a daemon against a model', file: 'model', env: { POUCH_TEST_SEQUENCES: '800' } },
]
/** What the tests print of what they have seen. */
const fact = /^.*(?:acknowledged operations|sequences), .*$|^.*: \d+ lost, .*$/gm

await main(async () => {
  const { minutes, seed } = readArguments(process.argv.slice(2))
  if (!isRoot) throw new SetupError('soak mounts what it kills: it needs root')
  await installDebian([...needs.engine, ...needs.tests], {})
  await prepareWorkspace({})
  const began = Date.now()
  const passed = () => Math.round((Date.now() - began) / 1000)
  let rounds = 0
  do {
    step(`soak: round ${rounds + 1}, seed ${seed + rounds}, after ${passed()} s of ${minutes * 60}`)
    for (const part of round) {
      if ((await runPart(part, seed + rounds)) !== 0) {
        say(`\nsoak: failed after ${passed()} s. The same again: npm run soak -- --minutes 1 --seed ${seed + rounds}`)
        return 1
      }
    }
    rounds += 1
  } while (passed() < minutes * 60)
  say(
    `\nsoak: ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in ${passed()} s from seed ${seed}: nothing lost, no orphans`,
  )
  return 0
})

/** @returns the exit code of a part, whose output is shown when it fails */
async function runPart({ what, file, args = [], env }, seed) {
  const began = Date.now()
  const vitest = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', 'tests', `reliability/${file}`, ...args],
  ]
  const { code, output } = await run(process.execPath, vitest, {
    quiet: true,
    mayFail: true,
    env: { ...process.env, ...env, POUCH_TEST_SEED: String(seed) },
  })
  say(`${code === 0 ? 'ok  ' : 'FAIL'}  ${what}, ${Math.round((Date.now() - began) / 1000)} s`)
  if (code !== 0) process.stdout.write(output)
  else for (const [line] of output.matchAll(fact)) say(`      ${line}`)
  return code
}

function readArguments(args) {
  let minutes = 10
  let seed = Date.now() % 1_000_000
  for (let index = 0; index < args.length; index += 2) {
    const value = Number(args[index + 1])
    if (args[index] === '--minutes' && value > 0 && value < Number.POSITIVE_INFINITY) minutes = value
    else if (args[index] === '--seed' && Number.isSafeInteger(value)) seed = value
    else throw new SetupError(`soak: ${args.slice(index).join(' ')}: there are --minutes N and --seed N`)
  }
  return { minutes, seed }
}
