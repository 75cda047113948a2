import { readFile } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { requireLinux } from './require-linux.js'

/** One mount, as the kernel's mountinfo tells it. Paths are unescaped. */
export interface MountEntry {
  readonly id: number
  /** The mount that this one sits on; it need not be in the same list. */
  readonly parentId: number
  /** `major:minor` of the file system. Binds of one file system share it. */
  readonly device: string
  /** The directory of the file system that is shown at {@link mountPoint}: `/` unless it is a bind or a subvolume. */
  readonly root: string
  /** Absolute and canonical. Ends in `//deleted` when the directory below it was deleted elsewhere. */
  readonly mountPoint: string
  /** Options of this mount: `rw`, `nosuid`, `relatime`. */
  readonly options: readonly string[]
  /** `private`, or what it is beside that: `shared:12`, `master:3`, `unbindable`. */
  readonly propagation: readonly string[]
  /** The type of the file system: `ext4`, `tmpfs`, `fuse.sshfs`. */
  readonly type: string
  /** What was mounted: a device, an export, a label; `none` for some. */
  readonly source: string
  /** Options of the file system, shared by all its mounts: `rw`, `size=65536k`. */
  readonly superOptions: readonly string[]
}

/**
 * Reads the text of `/proc/<pid>/mountinfo`. The order is the kernel's: a mount follows the one that it sits on.
 *
 * @throws PouchError `corrupt` naming the line that is not one of mountinfo
 */
export function parseMountinfo(text: string): MountEntry[] {
  const lines = text.endsWith('\n') ? text.slice(0, -1) : text
  return lines === '' ? [] : lines.split('\n').map(parseLine)
}

/**
 * Reads the mounts that a process sees; its own unless `pid` is given.
 *
 * @throws PouchError `not-found` when there is no such process, `permission-denied`, `unsupported` outside Linux
 */
export async function readMountinfo(options: { readonly pid?: number | undefined } = {}): Promise<MountEntry[]> {
  requireLinux('mountinfo')
  const { pid } = options
  if (pid !== undefined && (!Number.isSafeInteger(pid) || pid < 1)) {
    throw new PouchError('invalid-argument', `'${pid}' is not a process id`, { op: 'mountinfo', subject: String(pid) })
  }
  const file = `/proc/${pid ?? 'self'}/mountinfo`
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw PouchError.from(error, { op: 'mountinfo', subject: file, message: `the mounts cannot be read from ${file}` })
  })
  return parseMountinfo(text)
}

function parseLine(line: string): MountEntry {
  const fields = line.split(' ')
  const separator = fields.indexOf('-', 6)
  const [id, parentId, device, root, mountPoint, options] = fields
  const [type, source, superOptions] = separator < 0 ? [] : fields.slice(separator + 1)
  const missing = device === undefined || root === undefined || mountPoint === undefined || options === undefined
  if (missing || type === undefined || source === undefined || !/^\d+$/.test(`${id}`) || !/^\d+$/.test(`${parentId}`)) {
    throw new PouchError('corrupt', `this is not a line of mountinfo: ${line}`, { op: 'mountinfo', details: { line } })
  }
  return Object.freeze({
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: Object.freeze(options.split(',')),
    propagation: Object.freeze(fields.slice(6, separator)),
    type: unescapeOctal(type),
    source: unescapeOctal(source),
    superOptions: Object.freeze(
      (superOptions ?? '')
        .split(',')
        .filter((option) => option !== '')
        .map(unescapeOctal),
    ),
  })
}

/** The kernel writes blank, tab, newline, backslash and `#` as `\040` and so on. */
function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
