import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is on the host at one moment: entries below a directory, and mounts there. */
export interface HostState {
  readonly files: ReadonlySet<string>
  readonly directories: ReadonlySet<string>
  readonly mounts: ReadonlySet<string>
}

/** Looks at a home. */
export async function hostState(home: string): Promise<HostState> {
  const files = new Set<string>()
  const directories = new Set<string>()
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const target = entry.isDirectory() ? directories : files
    target.add(join(entry.parentPath, entry.name))
  }
  return { files, directories, mounts: await mountsBelow(home) }
}

/** What is there now and was not before, and belongs to volumes that are gone: files, mounts, and directories with their names. */
export function leftovers(before: HostState, after: HostState, names: ReadonlySet<string>): string[] {
  const isNamed = (path: string) => path.split('/').some((part) => names.has(part))
  return [
    ...[...after.files].filter((path) => !before.files.has(path)),
    ...[...after.directories].filter((path) => !before.directories.has(path) && isNamed(path)),
    ...[...after.mounts].filter((path) => !before.mounts.has(path)).map((path) => `a mount at ${path}`),
  ]
}

async function mountsBelow(home: string): Promise<Set<string>> {
  const text = process.platform === 'linux' ? await readFile('/proc/self/mountinfo', 'utf8') : ''
  const points = text.split('\n').map((line) => unescaped(line.split(' ')[4] ?? ''))
  return new Set(points.filter((point) => point.startsWith(`${home}/`)))
}

const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
