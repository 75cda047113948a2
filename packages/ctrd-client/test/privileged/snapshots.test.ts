import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Descriptor, Mount, SnapshotInfo } from '../../src/index.js'
import { unpackBusybox } from '../fixtures/busybox.js'
import { run, TestContainerd } from '../fixtures/containerd.js'

let containerd: TestContainerd
let layer: Descriptor
beforeAll(async () => {
  containerd = await TestContainerd.start()
  layer = (await unpackBusybox(containerd.client)).layer
})
afterAll(async () => {
  expect(await containerd.stop()).toEqual([])
})

const labels = { 'containerd.io/gc.root': 'test' }

/** Where a layer's own files are: the upper directory of an overlay, or the directory itself. */
function upperOf([mount]: readonly Mount[]): string {
  const upper = mount?.options.find((option) => option.startsWith('upperdir='))
  return upper?.slice('upperdir='.length) ?? mount?.source ?? ''
}

describe('snapshots', () => {
  it('are prepared, committed, viewed, measured and removed', async () => {
    const snapshots = containerd.client.snapshots()
    const mounts = await snapshots.prepare('work', 'busybox', { labels: { ...labels, a: '1' } })
    expect(mounts).toMatchObject([{ type: 'overlay', source: 'overlay' }])
    expect(await snapshots.mounts('work')).toEqual(mounts)
    await expect(snapshots.prepare('work', '')).rejects.toMatchObject({ code: 'already-exists', subject: 'work' })
    await expect(snapshots.prepare('lost', 'no-such-parent')).rejects.toMatchObject({ code: 'not-found' })
    await run('dd', ['if=/dev/zero', `of=${upperOf(mounts)}/file`, 'bs=1M', 'count=1', 'status=none'])
    const usage = await snapshots.usage('work')
    expect(usage.sizeBytes).toBeGreaterThanOrEqual(1024 * 1024)
    expect(usage.inodes).toBeGreaterThanOrEqual(1)
    await snapshots.commit('done', 'work', { labels })
    expect(await snapshots.stat('work')).toBeUndefined()
    expect(await snapshots.stat('done')).toMatchObject({ name: 'done', parent: 'busybox', kind: 'committed' })
    const [view] = await snapshots.view('seen', 'done', { labels })
    expect(view?.options.some((option) => option.startsWith('upperdir='))).toBe(false)
    await expect(snapshots.commit('never', 'seen')).rejects.toMatchObject({ op: 'containerd.snapshots.commit' })
    await expect(snapshots.remove('done')).rejects.toMatchObject({ code: 'conflict' })
    await snapshots.remove('seen')
    await snapshots.remove('done')
    await expect(snapshots.remove('done')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('are relabelled and listed', async () => {
    const snapshots = containerd.client.snapshots()
    await snapshots.prepare('listed', 'busybox', { labels: { ...labels, a: '1' } })
    expect((await snapshots.update('listed', { b: '2' }, ['labels.b'])).labels).toEqual({ ...labels, a: '1', b: '2' })
    const found: SnapshotInfo[] = []
    for await (const info of snapshots.list(['labels.b==2'])) found.push(info)
    expect(found).toMatchObject([{ name: 'listed', kind: 'active', parent: 'busybox' }])
    await snapshots.remove('listed')
    expect(containerd.client.snapshots()).toBe(snapshots)
    await expect(containerd.client.snapshots('no-such').stat('x')).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('diffs', () => {
  it('unpack a layer: its files are there, and the diffID is that of the plain tar', async () => {
    const snapshots = containerd.client.snapshots('native')
    const mounts = await snapshots.prepare('unpacked', '', { labels })
    const applied = await containerd.client.diffs.apply(layer, mounts)
    expect(applied.digest).toBe(layer.digest)
    const { stdout } = await run(`${upperOf(mounts)}/bin/busybox`, ['echo', 'from the layer'])
    expect(stdout).toBe('from the layer\n')
    await snapshots.remove('unpacked')
  })

  it('write what changed as a layer that can be unpacked again', async () => {
    const { client } = containerd
    const snapshots = client.snapshots()
    const right = await snapshots.prepare('right', 'busybox', { labels })
    await run('cp', ['/etc/hostname', `${upperOf(right)}/changed`])
    const left = await snapshots.view('left', 'busybox', { labels })
    const difference = await client.diffs.diff(left, right, { ref: 'difference', labels })
    expect(difference.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip')
    expect(await client.content.info(difference.digest)).toMatchObject({ size: difference.size, labels })
    const again = await client.snapshots('native').prepare('again', '', { labels })
    const applied = await client.diffs.apply(difference, again)
    expect(applied.digest).not.toBe(difference.digest)
    const { stdout } = await run('ls', [upperOf(again)])
    expect(stdout).toBe('changed\n')
    for (const key of ['left', 'right']) await snapshots.remove(key)
    await client.snapshots('native').remove('again')
  })

  it('name the blob that is not there', async () => {
    const mounts = await containerd.client.snapshots().prepare('empty', '', { labels })
    const absent = { ...layer, digest: `sha256:${'0'.repeat(64)}` }
    const applying = containerd.client.diffs.apply(absent, mounts)
    await expect(applying).rejects.toMatchObject({ code: 'not-found', subject: absent.digest })
    await containerd.client.snapshots().remove('empty')
  })
})
