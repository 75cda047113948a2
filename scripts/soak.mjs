// `npm run soak`: the random parts of the reliability tests, at length.
//   npm run soak -- --minutes 60     how long clients work and are killed, in an engine and behind a daemon; 10 unless told
//   npm run soak -- --seed 7         the same choices again
import { join } from 'node:path'
import { isRoot, main, root, run, SetupError, step } from './setup/say.mjs'

await main(async () => {
  const { minutes, seed } = readArguments(process.argv.slice(2))
  if (!isRoot) throw new SetupError('soak mounts what it kills: it needs root')
  // A quarter for each that is killed; the rest for what is counted rather than timed.
  const env = {
    ...process.env,
    POUCH_TEST_SEED: String(seed),
    POUCH_TEST_MINUTES: String(minutes / 4),
    POUCH_TEST_SEQUENCES: String(Math.ceil(minutes * 1000)),
    POUCH_TEST_SYSTEM_KILLS: String(Math.ceil(minutes * 50)),
    POUCH_TEST_RECOVERY_KILLS: String(Math.ceil(minutes * 25)),
  }
  step(`soak: about ${minutes} minutes, seed ${seed}`)
  const files = ['random-kills', 'daemon-kills', 'crash-matrix', 'model'].map((name) => `reliability/${name}`)
  const args = ['run', '--project', 'tests', ...files, '--no-file-parallelism']
  const { code } = await run(join(root, 'node_modules/.bin/vitest'), args, { mayFail: true, env })
  return code
})

function readArguments(args) {
  let minutes = 10
  let seed = Date.now() % 1_000_000
  for (let index = 0; index < args.length; index += 2) {
    const value = Number(args[index + 1])
    if (args[index] === '--minutes' && value > 0) minutes = value
    else if (args[index] === '--seed' && Number.isSafeInteger(value)) seed = value
    else throw new SetupError(`soak: ${args.slice(index).join(' ')}: there are --minutes N and --seed N`)
  }
  return { minutes, seed }
}
