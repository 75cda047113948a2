import type { PruneRequest, VolumeFilter } from './volume.js'
import type { VolumeRecord } from './volume-record.js'

/** Makes one test of a filter. */
export function matcher(filter: VolumeFilter): (record: VolumeRecord) => boolean {
  const tests: ((record: VolumeRecord) => boolean)[] = []
  const { names, drivers, labels, dangling } = filter
  if (names !== undefined) tests.push(nameTest(names))
  if (drivers !== undefined) tests.push(({ driver }) => drivers.includes(driver))
  if (labels !== undefined) tests.push(...labels.map(labelTest))
  if (dangling !== undefined) tests.push(({ references }) => (references.length === 0) === dangling)
  return (record) => tests.every((test) => test(record))
}

/** Which records a prune is asked for: nobody holds them, and they are anonymous unless all are wanted. */
export function prunable(request: PruneRequest): (record: VolumeRecord) => boolean {
  const wanted = (request.labels ?? []).map(labelTest)
  const unwanted = (request.notLabels ?? []).map(labelTest)
  return (record) =>
    record.references.length === 0 &&
    (request.all === true || record.anonymous) &&
    wanted.every((test) => test(record)) &&
    !unwanted.some((test) => test(record))
}

function nameTest(names: readonly (string | RegExp)[]): (record: VolumeRecord) => boolean {
  const exact = new Set(names.filter((name) => typeof name === 'string'))
  const patterns = names.filter((name) => name instanceof RegExp)
  return ({ name }) => exact.has(name) || patterns.some((pattern) => name.search(pattern) !== -1)
}

function labelTest(label: string): (record: VolumeRecord) => boolean {
  const at = label.indexOf('=')
  if (at === -1) return ({ labels }) => Object.hasOwn(labels, label)
  const key = propertyName(label.slice(0, at))
  const value = label.slice(at + 1)
  return ({ labels }) => Object.hasOwn(labels, key) && labels[key] === value
}

/** The same text as the engine keeps names of properties: looking up any other copy of it takes ten times as long. */
function propertyName(text: string): string {
  return Object.keys(Object.fromEntries([[text, undefined]]))[0] ?? text
}
