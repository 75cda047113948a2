/** Loaded by `node --import` before pouchd: puts faults around its store and its drivers, and listens to the test. */
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { plan } from './armed-plan.js'
import type { FromDaemon, ToDaemon } from './messages.js'

if (process.env.POUCH_TEST_FAULT_REPORT === undefined || process.send === undefined) {
  throw new Error('faults are for a test, which gives a file to report to and a channel')
}
if (isMainThread) {
  register(new URL('./resolve-hook.mjs', import.meta.url))
  process.on('message', (message: ToDaemon) => process.send?.(answer(message)))
}

function answer(message: ToDaemon): FromDaemon {
  if ('tell' in message) return { steps: plan.steps }
  const { arm } = message
  if (typeof arm === 'number') plan.arm(arm, true)
  else plan.arm(arm === 'before' ? 1 : 0)
  return { armed: true }
}
