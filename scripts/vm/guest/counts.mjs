// A reporter of node:test: how many tests passed and failed.
export default async function* counts(events) {
  let passed = 0
  let failed = 0
  for await (const { type, data } of events) {
    if (data.details?.type === 'suite') continue
    if (type === 'test:pass' && !data.skip && !data.todo) passed += 1
    if (type === 'test:fail') failed += 1
  }
  yield `vm tests: ${passed} passed, ${failed} failed\n`
}
