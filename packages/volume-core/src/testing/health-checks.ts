import assert from 'node:assert/strict'
import type { Health } from '../driver.js'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'

/** What a driver with the facet `health` does beside. */
export const healthChecks: readonly DriverCheck[] = [
  { title: 'health: tells of a backend that works, and looks each time', run: tellHealth },
]

async function tellHealth(subject: DriverSubject): Promise<void> {
  assertHealth(await subject.driver.health?.check(subject.call()))
  await subject.create('vol')
  await subject.use('vol', async () => assertHealth(await subject.driver.health?.check(subject.call())))
  await subject.reopen()
  assertHealth(await subject.driver.health?.check(subject.call()))
}

function assertHealth(health: Health | undefined): void {
  assert.ok(health !== undefined, 'check answers nothing')
  const { state, message, details = {} } = health
  // Some lack a means that the host does not offer, which is no failure.
  assert.ok(state === 'healthy' || state === 'degraded', `a backend that works is ${state}: ${message}`)
  if (state === 'degraded')
    assert.ok(typeof message === 'string' && message !== '', 'it is degraded, and nobody is told why')
  for (const [key, value] of Object.entries(details))
    assert.equal(typeof value, 'string', `the detail ${key} is no text`)
}
