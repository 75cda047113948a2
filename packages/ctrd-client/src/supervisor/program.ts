import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { PouchError } from '@pouch/errors'

/**
 * Where a program is, looked up on the PATH unless the name holds a slash.
 *
 * @throws PouchError `not-found` naming the Debian package that has it
 */
export async function findProgram(name: string, debianPackage: string): Promise<string> {
  const folders = name.includes('/')
    ? ['']
    : (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of folders) {
    const path = join(folder, name)
    if (await isExecutable(path)) return path
  }
  const where = name.includes('/') ? '' : ' on the PATH'
  const message = `containerd cannot be run: there is no program '${name}'${where}; Debian's package '${debianPackage}' has it`
  const details = { program: name, debianPackage }
  throw new PouchError('not-found', message, { op: 'containerd.supervise', subject: name, details })
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    // Whatever makes it impossible to run, the next folder may have one that can be.
    return false
  }
}
