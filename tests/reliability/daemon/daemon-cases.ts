import type { CrashCase } from '../crash-cases.js'
import { expectedSteps } from '../expected-steps.js'

/** An operation that is asked for by HTTP, with the steps that it takes. */
export interface DaemonCase extends CrashCase {
  readonly steps: readonly string[]
}

const name = 'vol'
const mebibyte = 2 ** 20
const image = { size: `${16 * mebibyte}`, quota: 'loop' }
const filled = { do: 'import', name, content: 'one' } as const
const filledImage = { ...filled, options: image } as const
const imageOfNothing = { do: 'create', name, options: image } as const
const attached = { do: 'attach', name, reference: 'ref' } as const
const detached = { do: 'detach', name, reference: 'ref' } as const
const larger = { do: 'resize', name, sizeBytes: 32 * mebibyte } as const
const intoImage = { do: 'migrate', name, driver: 'local', options: image } as const

/** The image's content is copied into a new volume when its first container is created; so it is mounted twice. */
const mounting = ['store.compareAndSet volume (ready, mounting)', 'local.mounts.mount']
const unmounting = ['store.compareAndSet volume (ready, unmounting)', 'local.mounts.unmount']
const attaching = [
  'store.batch create container/… + create container-name/ref',
  'store.compareAndSet volume (ready, reserved)',
  ...[...mounting, 'store.compareAndSet volume (ready, mounted)'],
  ...[...unmounting, 'store.compareAndSet volume (ready, reserved) lazily'],
  ...['store.compareAndSet container/… lazily', 'store.compareAndSet container/…'],
  ...[...mounting, 'store.compareAndSet volume (ready, mounted)'],
  'store.compareAndSet container/… lazily',
]
const detaching = [
  'store.compareAndSet container/…',
  ...[...unmounting, 'store.compareAndSet volume (ready, reserved) lazily'],
  ...['store.compareAndSet container/… lazily', 'store.compareAndSet container/…'],
  'store.compareAndSet volume (ready)',
  'store.batch delete container/… + delete container-name/ref',
]

/** What a daemon is killed in. Attaching is creating and starting a container with the volume, detaching is removing it while it runs. */
export const daemonCases: readonly DaemonCase[] = [
  { title: 'create', prepare: [], run: { do: 'create', name }, steps: engineSteps('a local directory: create') },
  { title: 'remove', prepare: [filled], run: { do: 'remove', name }, steps: engineSteps('a local directory: remove') },
  { title: 'attach', prepare: [imageOfNothing], run: attached, steps: attaching },
  { title: 'detach', prepare: [imageOfNothing, attached], run: detached, steps: detaching },
  {
    title: 'snapshot',
    prepare: [filled],
    run: { do: 'snapshot', name, snapshot: 'snap' },
    steps: engineSteps('a local directory: snapshot'),
  },
  { title: 'resize', prepare: [filledImage], run: larger, steps: engineSteps('an image: resize') },
  {
    title: 'migrate',
    prepare: [filled],
    run: intoImage,
    steps: engineSteps('an image: migrate a directory into an image'),
  },
  { title: 'import', prepare: [], run: filled, steps: engineSteps('a local directory: import') },
]

function engineSteps(title: string): readonly string[] {
  const steps = expectedSteps[title]
  if (steps === undefined) throw new Error(`the steps of ${title} are not written down`)
  return steps
}
