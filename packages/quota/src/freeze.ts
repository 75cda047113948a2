import type { FileHandle } from 'node:fs/promises'
import { type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withDirectory } from './open-path.js'
import { type Step, succeed } from './step-error.js'

const freezeRequest = 0xc0045877
const thawRequest = 0xc0045878

/**
 * Writes a filesystem out and holds every writer to it until `thaw`. Never freeze one that this process itself writes to.
 *
 * @param path a directory of it, absolute
 * @throws PouchError `in-use` when it is frozen already, `unsupported` where it cannot be frozen
 */
export async function freeze(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const step = freezeStep('quota.freeze', path, 'freeze')
  await withDirectory(path, step, async (handle) => {
    succeed(await kernel.ioctl(handle.fd, freezeRequest, 0), step)
  })
}

/** Lets writers go on. A filesystem that is not frozen is a success. */
export async function thaw(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const step = freezeStep('quota.thaw', path, 'thaw')
  await withDirectory(path, step, (handle) => thawOpen(handle, step, { kernel }))
}

/** The same with a directory that was opened before: threads that wait for the filesystem cannot keep it frozen. */
export async function thawOpen(handle: FileHandle, step: Step, { kernel = systemKernel }: QuotaCall): Promise<void> {
  const outcome = await kernel.ioctlHere(handle.fd, thawRequest, 0)
  if (outcome.errno !== 'EINVAL') succeed(outcome, step)
}

function freezeStep(op: string, path: string, verb: string): Step {
  const absolute = absolutePath(path, op)
  const reasons = { EBUSY: 'it is frozen already; thaw it first', ENOTSUP: 'it is of a type that cannot be frozen' }
  return { op, what: `${verb} the filesystem of ${absolute}`, subject: absolute, reasons }
}
