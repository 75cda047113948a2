import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import { copyTree } from '@pouch/file-tree'
import { findMount, mountsUnder } from '@pouch/mount'
import { filesystemUsage, inspectImage, mountImage, thaw, unmountImage } from '@pouch/quota'
import { formatBytes } from '@pouch/units'
import type {
  CreatedVolume,
  DriverCall,
  DriverVolume,
  FacetName,
  JsonValue,
  Logger,
  Usage,
} from '@pouch/volume-core/driver'
import type { Backing, BackingSnapshots, Content, ImageContent, LendRequest, Mounting } from './backing.js'
import { copyContent, treeCall } from './copy-content.js'
import { applyAccess } from './directory-volumes.js'
import { foreignDirectory } from './foreign-directory.js'
import { imageOptions, removeLostAndFound, withImageMounted } from './image-mount.js'
import { imageFile, imageFolder } from './image-place.js'
import { fitImage, isOfSize, makeImage } from './image-size.js'
import { ImageSnapshots } from './image-snapshots.js'
import type { SnapshotShelf } from './snapshot-shelf.js'
import { dataFolder } from './volume-directory.js'
import { planVolume, type SizedPlan } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

const dataMode = 0o755

/** Volumes that are filesystems of their own, each in a sparse image that is mounted at the first use. */
export class LoopVolumes implements Backing {
  readonly name = 'loop'
  readonly mounting: Mounting
  readonly snapshots: BackingSnapshots
  readonly #root: VolumeRoot
  readonly #images: ImageSnapshots

  constructor(root: VolumeRoot, shelf: SnapshotShelf) {
    this.#root = root
    this.#images = new ImageSnapshots(root, shelf, (volume) => this.path(volume))
    this.snapshots = this.#images
    this.mounting = {
      mount: async (volume, call) => await this.#mount(volume, call),
      unmount: async (volume) => await this.#unmount(volume),
    }
  }

  /** Lets those go on who write to a volume that a crash left frozen in the middle of a snapshot. */
  static async recover(root: string, log: Logger): Promise<void> {
    if (process.platform !== 'linux') return
    for (const { mountPoint, source } of await mountsUnder(root)) {
      const isImage = source.startsWith('/dev/loop') && dirname(dirname(mountPoint)) === root
      if (!isImage || !mountPoint.endsWith(`/${dataFolder}`)) continue
      try {
        await thaw(mountPoint)
      } catch (error) {
        log.warn({ err: error, mountPoint }, 'a volume cannot be thawed, should it be frozen')
      }
    }
  }

  async create(volume: DriverVolume, call: DriverCall, content?: Content): Promise<CreatedVolume> {
    const plan = sizedPlan(volume)
    const sizeBytes = volume.sizeBytes ?? plan.sizeBytes
    if (sizeBytes === undefined) {
      throw new PouchError('invalid-argument', 'an image needs a size: give size', {
        op: 'local',
        subject: volume.name,
        details: { option: 'size' },
      })
    }
    const isFound = await this.#root.has(volume.name)
    if (isFound) await this.#requireOwn(volume, plan, sizeBytes)
    else await this.#make(volume, plan, sizeBytes, call, content)
    const { filesystem } = await inspectImage(imageFile(this.#root, volume.name))
    return { state: { quota: this.name, fs: filesystem }, sizeBytes, isFound }
  }

  async remove(volume: DriverVolume): Promise<void> {
    await this.#unmount(volume)
    await this.#root.remove(volume.name)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    const data = this.#root.dataOf(volume.name)
    return (await findMount(data))?.mountPoint === data ? data : undefined
  }

  async rename(volume: DriverVolume, newName: string): Promise<void> {
    await this.#root.rename(volume.name, newName)
  }

  async measure(volume: DriverVolume): Promise<Usage> {
    const path = await this.path(volume)
    const counted =
      path === undefined ? await inspectImage(imageFile(this.#root, volume.name)) : await filesystemUsage(path)
    const { usedBytes, usedInodes, inodes, sizeBytes } = counted
    const files = inodes === 0 ? {} : { usedInodes, limitInodes: inodes }
    return { usedBytes, ...files, limitBytes: sizeBytes, source: 'counter' }
  }

  async resize(volume: DriverVolume, sizeBytes: number, call: DriverCall): Promise<CreatedVolume> {
    const file = imageFile(this.#root, volume.name)
    const { usedBytes } = await this.measure(volume)
    await fitImage({ volume, file, sizeBytes, usedBytes, mountPoint: await this.path(volume) }, call)
    const { filesystem } = await inspectImage(file)
    return { state: { quota: this.name, fs: filesystem }, sizeBytes }
  }

  async lacks(): Promise<Readonly<Partial<Record<FacetName, string>>>> {
    return {}
  }

  async facts(volume: DriverVolume): Promise<Readonly<Record<string, JsonValue>>> {
    const facts = await inspectImage(imageFile(this.#root, volume.name))
    return {
      backing: this.name,
      quota: `image (${facts.filesystem})`,
      limitBytes: facts.sizeBytes,
      imageBytes: facts.fileBytes,
      allocatedBytes: facts.allocatedBytes,
      enforcement: 'a writer over the limit gets ENOSPC, whoever it is',
      cost: 'a loop device while it is in use; what was deleted in it is not given back to the host',
    }
  }

  async lend<T>(
    volume: DriverVolume,
    source: LendRequest,
    call: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T> {
    return await this.#images.lend(volume, source, call, use)
  }

  /** A repeated create finds what it made, whole, since an image gets its place in one step. */
  async #requireOwn({ name }: DriverVolume, plan: SizedPlan, sizeBytes: number): Promise<void> {
    const directory = this.#root.directoryOf(name)
    const found = await inspectImage(imageFile(this.#root, name)).catch((cause: unknown) => {
      throw foreignDirectory(name, directory, 'it has no image of a volume in it', cause)
    })
    const isOfKind = plan.filesystem === undefined || plan.filesystem === found.filesystem
    if (isOfKind && isOfSize(found.sizeBytes, sizeBytes)) return
    throw foreignDirectory(
      name,
      directory,
      `it has an image with ${found.filesystem} of ${formatBytes(found.sizeBytes)}`,
    )
  }

  async #mount(volume: DriverVolume, { signal }: DriverCall): Promise<string> {
    throwIfAborted(signal, { op: 'mount', subject: volume.name })
    const file = imageFile(this.#root, volume.name)
    const data = this.#root.dataOf(volume.name)
    const { filesystem } = await inspectImage(file)
    await mountImage(file, data, { options: imageOptions(filesystem), signal })
    return data
  }

  async #unmount(volume: DriverVolume): Promise<void> {
    if ((await this.path(volume)) === undefined) return
    const data = this.#root.dataOf(volume.name)
    const mounts = (await mountsUnder(data)).map(({ mountPoint }) => mountPoint)
    if (mounts.length > 0) {
      const message = `something is mounted in it at ${mounts.join(', ')}; unmount that first`
      throw new PouchError('in-use', message, { op: 'local', subject: volume.name, details: { mounts } })
    }
    await unmountImage(data)
  }

  async #make(
    volume: DriverVolume,
    plan: SizedPlan,
    sizeBytes: number,
    call: DriverCall,
    content: Content | undefined,
  ): Promise<void> {
    const isSame = content?.kind === 'image' && (plan.filesystem ?? content.filesystem) === content.filesystem
    await this.#root.place(volume.name, async (draft) => {
      await mkdir(join(draft, imageFolder), { mode: 0o700 })
      await mkdir(join(draft, dataFolder), { mode: 0o700 })
      if (isSame) await this.#copyImage(volume, plan, sizeBytes, content, draft, call)
      else await this.#newImage(plan, sizeBytes, content, draft, call)
    })
  }

  async #newImage(
    plan: SizedPlan,
    sizeBytes: number,
    content: Content | undefined,
    draft: string,
    call: DriverCall,
  ): Promise<void> {
    const { filesystem = 'ext4', inodes, access } = plan
    const file = imageFile(draft)
    await makeImage(file, { sizeBytes, filesystem, inodes, signal: call.signal })
    await withImageMounted(
      { kind: 'image', file, filesystem, isSnapshot: false },
      join(draft, dataFolder),
      call,
      async (data) => {
        await removeLostAndFound(data)
        if (content !== undefined) await copyContent(content, data, this.#root, call)
        await applyAccess(data, access, content === undefined ? dataMode : undefined)
      },
    )
  }

  async #copyImage(
    volume: DriverVolume,
    { access }: SizedPlan,
    sizeBytes: number,
    content: ImageContent,
    draft: string,
    call: DriverCall,
  ): Promise<void> {
    const file = imageFile(draft)
    await copyTree(dirname(content.file), dirname(file), treeCall(volume.name, call))
    const { usedBytes } = await inspectImage(file)
    await fitImage({ volume, file, sizeBytes, usedBytes, mountPoint: undefined }, call)
    if (Object.values(access).every((value) => value === undefined)) return
    const copy = { kind: 'image', file, filesystem: content.filesystem, isSnapshot: false } as const
    await withImageMounted(copy, join(draft, dataFolder), call, (data) => applyAccess(data, access))
  }
}

function sizedPlan(volume: DriverVolume): SizedPlan {
  const plan = planVolume(volume)
  if (plan.kind === 'sized') return plan
  throw new PouchError('internal', 'a volume without a size was taken for one with', {
    op: 'local',
    subject: volume.name,
  })
}
