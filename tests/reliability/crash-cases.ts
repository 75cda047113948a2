import type { Operation } from './operation.js'

/** An operation that is killed at each of its steps. */
export interface CrashCase {
  readonly title: string
  /** Acknowledged before. */
  readonly prepare: readonly Operation[]
  readonly run: Operation
}

const name = 'vol'
const made = { do: 'create', name } as const
const written = [made, { do: 'write', name, content: 'one' }] as const
const kept = [...written, { do: 'snapshot', name, snapshot: 'snap' }, { do: 'write', name, content: 'two' }] as const
const attached = { do: 'attach', name, reference: 'ref' } as const

const directories: readonly CrashCase[] = [
  { title: 'create', prepare: [], run: made },
  { title: 'remove', prepare: written, run: { do: 'remove', name } },
  { title: 'reserve', prepare: [made], run: { do: 'reserve', name, reference: 'ref' } },
  { title: 'attach', prepare: [made], run: attached },
  { title: 'detach', prepare: [made, attached], run: { do: 'detach', name, reference: 'ref' } },
  { title: 'label', prepare: written, run: { do: 'label', name, label: 'new' } },
  { title: 'snapshot', prepare: written, run: { do: 'snapshot', name, snapshot: 'snap' } },
  { title: 'remove a snapshot', prepare: kept, run: { do: 'removeSnapshot', name, snapshot: 'snap' } },
  { title: 'restore', prepare: kept, run: { do: 'restore', name, snapshot: 'snap' } },
  { title: 'rename', prepare: kept, run: { do: 'rename', name, to: 'new' } },
  { title: 'clone', prepare: kept, run: { do: 'clone', name, to: 'copy' } },
  { title: 'clone a snapshot', prepare: kept, run: { do: 'clone', name, to: 'copy', snapshot: 'snap' } },
  { title: 'export', prepare: written, run: { do: 'export', name } },
  { title: 'import', prepare: [], run: { do: 'import', name, content: 'one' } },
  { title: 'migrate to another driver', prepare: written, run: { do: 'migrate', name, driver: 'other' } },
]

const memory = { do: 'create', name, driver: 'tmpfs', options: { size: '1048576' } } as const
const ofMemory: readonly CrashCase[] = [
  { title: 'create', prepare: [], run: memory },
  { title: 'attach', prepare: [memory], run: attached },
  { title: 'attach a second time', prepare: [memory, { ...attached, reference: 'first' }], run: attached },
  { title: 'detach', prepare: [memory, attached], run: { do: 'detach', name, reference: 'ref' } },
  {
    title: 'unmount',
    prepare: [memory, attached],
    run: { do: 'unmount', name, reference: 'ref' },
  },
  { title: 'resize', prepare: [memory, attached], run: { do: 'resize', name, sizeBytes: 2 ** 21 } },
  { title: 'rename', prepare: [memory], run: { do: 'rename', name, to: 'new' } },
]

const imageBytes = 16 * 2 ** 20
const image = { do: 'create', name, options: { size: `${imageBytes}`, quota: 'loop' } } as const
const inImage = [image, { do: 'write', name, content: 'one' }] as const
const images: readonly CrashCase[] = [
  { title: 'create', prepare: [], run: image },
  { title: 'attach', prepare: [image], run: attached },
  { title: 'detach', prepare: [image, attached], run: { do: 'detach', name, reference: 'ref' } },
  { title: 'resize', prepare: inImage, run: { do: 'resize', name, sizeBytes: 2 * imageBytes } },
  {
    title: 'snapshot while in use',
    prepare: [...inImage, attached],
    run: { do: 'snapshot', name, snapshot: 'snap', whileInUse: true },
  },
  {
    title: 'restore',
    prepare: [...inImage, { do: 'snapshot', name, snapshot: 'snap' }, { do: 'write', name, content: 'two' }],
    run: { do: 'restore', name, snapshot: 'snap' },
  },
  {
    title: 'clone one that has grown',
    prepare: [...inImage, { do: 'resize', name, sizeBytes: 2 * imageBytes }],
    run: { do: 'clone', name, to: 'copy' },
  },
  {
    title: 'migrate a directory into an image',
    prepare: written,
    run: { do: 'migrate', name, driver: 'local', options: image.options },
  },
  { title: 'import', prepare: [], run: { ...image, do: 'import', content: 'one' } },
  { title: 'remove', prepare: inImage, run: { do: 'remove', name } },
]

const elsewhere = { do: 'create', name, driver: 'other' } as const
const ofOther: readonly CrashCase[] = [
  { title: 'attach', prepare: [elsewhere], run: attached },
  { title: 'detach', prepare: [elsewhere, attached], run: { do: 'detach', name, reference: 'ref' } },
  {
    title: 'migrate to local',
    prepare: [elsewhere, { do: 'write', name, content: 'one' }],
    run: { do: 'migrate', name, driver: 'local' },
  },
]

/** By what the volumes are made of. */
export const crashCases = {
  'a local directory': directories,
  'a tmpfs': ofMemory,
  'an image': images,
  'a driver that mounts for each reference': ofOther,
} satisfies Readonly<Record<string, readonly CrashCase[]>>
