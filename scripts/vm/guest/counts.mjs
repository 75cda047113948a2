// A reporter of node:test: how many tests passed and failed, and a line of JSON for each that failed.
export default async function* counts(events) {
  let passed = 0
  let failed = 0
  for await (const { type, data } of events) {
    if (data.details?.type === 'suite') continue
    if (type === 'test:pass' && !data.skip && !data.todo) passed += 1
    if (type !== 'test:fail') continue
    failed += 1
    yield `vm failure: ${JSON.stringify({ file: data.file ?? '', name: data.name, message: messageOf(data.details.error) })}\n`
  }
  yield `vm tests: ${passed} passed, ${failed} failed\n`
}

/** node:test wraps what a test threw. */
function messageOf(error) {
  const thrown = error?.cause ?? error
  return thrown?.stack ?? String(thrown)
}
