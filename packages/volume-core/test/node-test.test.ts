import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { build } from 'tsup'
import { expect, it } from 'vitest'
import { freshHome } from './support/open-engine.js'

const run = promisify(execFile)

it('the conformance suite runs under node:test, without any other runner', async () => {
  const outDir = freshHome()
  await build({
    config: false,
    entry: [`${import.meta.dirname}/support/node-test-suite.ts`],
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    tsconfig: `${import.meta.dirname}/../tsconfig.json`,
    noExternal: [/^@pouch\//],
    outExtension: () => ({ js: '.mjs' }),
    outDir,
    removeNodeProtocol: false,
    silent: true,
  })
  const suite = `${outDir}/node-test-suite.mjs`
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', suite], { env })
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(60)
})
