import { describe, expect, it } from 'vitest'
import { type EngineEvent, matchesEvent } from '../src/engine-event.js'

const id = '0123456789abcdef'.repeat(4)
const container: EngineEvent = {
  type: 'container',
  action: 'exec_start: sh -c true',
  subject: id,
  attributes: { image: 'registry:5000/app:1', name: 'web', team: 'a', empty: '' },
  timeNs: 1n,
}
const volume: EngineEvent = {
  type: 'volume',
  action: 'mount',
  subject: 'data',
  attributes: { driver: 'local', container: id },
  timeNs: 2n,
}
const image: EngineEvent = {
  type: 'image',
  action: 'pull',
  subject: 'busybox:latest',
  attributes: { name: 'busybox' },
  timeNs: 3n,
}

describe('matchesEvent', () => {
  it.each<[string, EngineEvent, Record<string, string[]>, boolean]>([
    ['nothing asked for', container, {}, true],
    ['an empty key', container, { type: [] }, true],
    ['its type', container, { type: ['image', 'container'] }, true],
    ['another type', container, { type: ['image'] }, false],
    ['its action without what it ran', container, { event: ['exec_start'] }, true],
    ['its whole action', container, { event: ['exec_start: sh -c true'] }, true],
    ['the beginning of its action', container, { event: ['exec'] }, false],
    ['its name, with a slash', container, { container: ['/web'] }, true],
    ['the beginning of its id', container, { container: [id.slice(0, 12)] }, true],
    ['too little of its id', container, { container: ['012'] }, false],
    ['its image without the tag', container, { image: ['registry:5000/app'] }, true],
    ['the host of its image', container, { image: ['registry'] }, false],
    ['all its labels', container, { label: ['team=a', 'empty'] }, true],
    ['a label that it lacks', container, { label: ['team=a', 'other'] }, false],
    ['a label that every object has', container, { label: ['constructor'] }, false],
    ['a volume by name', volume, { volume: ['data'] }, true],
    ['another volume', volume, { volume: ['dat'] }, false],
    ['the volume of a container', volume, { container: [id] }, true],
    ['a volume by image', volume, { image: ['data'] }, false],
    ['an image by name', image, { image: ['busybox'] }, true],
    ['an image by tag', image, { image: ['busybox:latest'] }, true],
    ['an image by container', image, { container: ['busybox'] }, false],
    ['several keys, one of which does not fit', volume, { type: ['volume'], event: ['unmount'] }, false],
    ['a key that nobody knows', volume, { galaxy: ['x'] }, true],
  ])('%s', (_what, event, filters, matches) => {
    expect(matchesEvent(event, filters)).toBe(matches)
  })
})
