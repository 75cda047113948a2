import type { FileHandle } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withDirectory, withPath } from './open-path.js'
import { type Step, succeed } from './step-error.js'

const getAttributes = 0x801c581f
const setAttributes = 0x401c5820
const attributesBytes = 28
const projectIdAt = 12
const inheritFlag = 0x200

/** The first project id that Pouch gives out; administrators number theirs by hand and stay below. */
export const firstProjectId = 2 ** 24

/** The greatest project id; the one above means "none" to the kernel. */
export const lastProjectId = 2 ** 32 - 2

/** The project of a file or directory. */
export interface ProjectMark {
  /** 0 is the project of whatever has none. */
  readonly id: number
  /** Whether what is made in this directory gets the same project. */
  readonly inherits: boolean
}

/**
 * Puts a directory in a project; whatever is made in it from now on is in the project too. What was in it before keeps the project
 * that it had, so the directory should be empty. Repeating it changes nothing.
 *
 * @param directory absolute, on ext4 or xfs; a symbolic link is refused
 * @param id from 1 to {@link lastProjectId}
 * @throws PouchError `invalid-argument`, `not-found`, `permission-denied`, `unsupported` where the filesystem has no projects
 */
export async function assignProject(directory: string, id: number, call: QuotaCall = {}): Promise<void> {
  const step = assignStep(directory, id)
  requireProjectId(id, step.op)
  await mark(directory, id, step, call)
}

/** Takes a directory out of its project. What is made in it from now on has none. Repeating it changes nothing. */
export async function clearProject(directory: string, call: QuotaCall = {}): Promise<void> {
  await mark(directory, 0, { ...assignStep(directory, 0), op: 'quota.clearProject' }, call)
}

/**
 * The project of a file or directory.
 *
 * @param path absolute; a symbolic link is refused
 * @throws PouchError `unsupported` where the filesystem has no such attributes
 */
export async function projectOf(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<ProjectMark> {
  const absolute = absolutePath(path, 'quota.projectOf')
  const step = { op: 'quota.projectOf', what: `read the project of ${absolute}`, subject: absolute }
  return await withPath(absolute, step, async (handle) => {
    const attributes = await readAttributes(kernel, handle, step)
    return { id: attributes.readUInt32LE(projectIdAt), inherits: (attributes.readUInt32LE(0) & inheritFlag) !== 0 }
  })
}

/** @throws PouchError `invalid-argument` on what is not a project id */
export function requireProjectId(id: number, op: string): void {
  if (Number.isInteger(id) && id >= 1 && id <= lastProjectId) return
  const message = `${id} is not a project id; they go from 1 to ${lastProjectId}`
  throw new PouchError('invalid-argument', message, { op, subject: String(id) })
}

async function mark(directory: string, id: number, step: Step, { kernel = systemKernel }: QuotaCall): Promise<void> {
  await withDirectory(directory, step, async (handle) => {
    const attributes = await readAttributes(kernel, handle, step)
    const flags = attributes.readUInt32LE(0)
    const wanted = id === 0 ? flags & ~inheritFlag : flags | inheritFlag
    if (wanted >>> 0 === flags && attributes.readUInt32LE(projectIdAt) === id) return
    attributes.writeUInt32LE(wanted >>> 0, 0)
    attributes.writeUInt32LE(id, projectIdAt)
    succeed(await kernel.ioctl(handle.fd, setAttributes, attributes), step)
  })
}

async function readAttributes(kernel: Kernel, handle: FileHandle, step: Step): Promise<Buffer> {
  const attributes = Buffer.alloc(attributesBytes)
  succeed(await kernel.ioctl(handle.fd, getAttributes, attributes), step)
  return attributes
}

function assignStep(directory: string, id: number): Step {
  const absolute = absolutePath(directory, 'quota.assignProject')
  const noProjects = 'the filesystem has no projects; see inspectFilesystem for what would give it some'
  return {
    op: 'quota.assignProject',
    what: id === 0 ? `take ${absolute} out of its project` : `put ${absolute} in the project ${id}`,
    subject: absolute,
    reasons: { ENOTSUP: noProjects, ENOTTY: noProjects, EINVAL: noProjects },
    codes: { EINVAL: 'unsupported' },
  }
}
