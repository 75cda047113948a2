// Bundled and run by crash.test.ts, under strace, which kills it: node crash-child.mjs BASE OPTIONS SCENARIO
import type { OptionValue } from '@pouch/volume-core/driver'
import { local } from '../../../src/index.js'
import { crashScenarios } from '../crash-scenarios.js'
import { hostIn } from '../kept-in-files.js'

const [base = '', options = '{}', name = ''] = process.argv.slice(2)
const driver = await local().open(hostIn(base))
const scenario = crashScenarios(JSON.parse(options) as Record<string, OptionValue>).find((one) => one.name === name)
await scenario?.act(driver)
process.exit(scenario === undefined ? 3 : 0)
