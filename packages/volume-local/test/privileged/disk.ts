import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mount, mountsUnder, unmount } from '@pouch/mount'
import { attachImage } from '@pouch/quota'

/** A filesystem of a test's own. */
export interface Disk {
  readonly path: string
  /** Unmounts it with all that is mounted in it, and removes it. */
  dispose(): Promise<void>
}

const makers: Readonly<Record<'btrfs' | 'xfs' | 'ext4', (image: string) => void>> = {
  btrfs: (image) => run('mkfs.btrfs', '-q', image),
  xfs: (image) => run('mkfs.xfs', '-q', image),
  ext4: (image) => run('mkfs.ext4', '-q', '-F', image),
}

/** Makes a filesystem in a sparse image of 2 GiB and mounts it. */
export async function disk(type: 'btrfs' | 'xfs' | 'ext4'): Promise<Disk> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-local-disk-')))
  const [image, path] = [join(base, 'image'), join(base, 'mounted')]
  const dispose = async () => {
    await unmountAll(base)
    await rm(base, { recursive: true, force: true })
  }
  try {
    await mkdir(path)
    const file = await open(image, 'wx')
    await file.truncate(2 * 2 ** 30)
    await file.close()
    makers[type](image)
    const { device, release } = await attachImage(image)
    try {
      await mount({ source: device, target: path, type })
    } finally {
      await release()
    }
    return { path, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Unmounts whatever is mounted below a directory. */
export async function unmountAll(base: string): Promise<void> {
  for (const { mountPoint } of (await mountsUnder(base)).reverse()) await unmount(mountPoint, { lazy: true })
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: 'pipe', env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' } })
}
