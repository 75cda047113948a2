import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, open, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  findMount,
  isMountpoint,
  type KoffiLoader,
  Mounter,
  mount,
  mountsUnder,
  readMountinfo,
} from '../../src/index.js'
import { runProgram } from '../../src/mount-program.js'

const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
const mayMount = (BigInt(`0x${capabilities}`) & (1n << 21n)) !== 0n

const noKoffi = async () => {
  throw new Error('koffi is not here')
}

let directory: string

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'pouch-mount-')))
})

afterEach(async () => {
  const mounter = new Mounter()
  for (const { mountPoint } of (await mountsUnder(directory)).reverse())
    await mounter.unmount(mountPoint, { lazy: true })
  await rm(directory, { recursive: true })
})

async function folder(name: string): Promise<string> {
  const path = join(directory, name)
  await mkdir(path)
  return path
}

async function deny(): Promise<void> {
  const target = await folder('target')
  for (const loadKoffi of [undefined, noKoffi]) {
    await expect(new Mounter({ loadKoffi }).mount({ source: 'x', target, type: 'tmpfs' })).rejects.toMatchObject({
      code: 'permission-denied',
      op: 'mount',
      subject: target,
      message: expect.stringMatching(/EPERM.*root/),
      details: { errno: 'EPERM' },
    })
  }
}

if (mayMount) {
  describe('with the capability to mount', () => {
    it('refuses whoever lost it, by errno', async () => {
      const target = await folder('target')
      await chmod(directory, 0o755)
      const refused = { code: 'permission-denied', details: { errno: 'EPERM' } }
      process.seteuid?.(65534)
      try {
        await expect(new Mounter().mount({ source: 'x', target, type: 'tmpfs' })).rejects.toMatchObject(refused)
      } finally {
        process.seteuid?.(0)
      }
      const args = ['--reuid', '65534', '--clear-groups', 'mount', '-t', 'tmpfs', '--', 'x', target]
      const run = { op: 'mount', what: 'mount', subject: target, names: [target], deadlineMs: 10_000 }
      await expect(runProgram({ ...run, program: 'setpriv', args })).rejects.toMatchObject(refused)
    })
    for (const [title, loadKoffi] of [
      ['by system calls', undefined],
      ['by programs', noKoffi],
    ] as const) {
      describe(title, () => {
        mountTests(new Mounter({ loadKoffi }))
      })
    }
    describe('in steps', stepTests)
    describe('what may hang', heavyTests)
  })
} else {
  describe('without the capability to mount', () => {
    it('a mount is refused with EPERM and the way out', deny)
  })
}

function mountTests(mounter: Mounter): void {
  it('mounts a tmpfs with flags and data, and unmounts it', async () => {
    const target = await folder('a b\nc\\d')
    await mounter.mount({
      source: 'pouch test',
      target,
      type: 'tmpfs',
      options: ['nosuid', 'nodev', 'noexec', 'size=1m'],
      data: 'mode=0700',
    })
    expect(await findMount(join(target, 'x'))).toMatchObject({
      mountPoint: target,
      type: 'tmpfs',
      source: 'pouch test',
      options: expect.arrayContaining(['rw', 'nosuid', 'nodev', 'noexec']),
      superOptions: expect.arrayContaining(['size=1024k', 'mode=700']),
    })
    await mounter.unmount(target)
    expect(await isMountpoint(target)).toBe(false)
  })

  it('binds read-only and keeps the flags of the source', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    await mounter.mount({ source: 'x', target: source, type: 'tmpfs', options: ['nosuid', 'nodev'] })
    await writeFile(join(source, 'file'), 'content')
    await mounter.bindMount(source, target, { readOnly: true, options: ['noexec'] })
    await expect(writeFile(join(target, 'file'), '')).rejects.toMatchObject({ code: 'EROFS' })
    await writeFile(join(source, 'file'), 'still writable')
    expect((await findMount(target))?.options).toEqual(expect.arrayContaining(['ro', 'nosuid', 'nodev', 'noexec']))
    expect((await findMount(source))?.options).toEqual(expect.arrayContaining(['rw', 'nosuid', 'nodev']))
  })

  it('makes a recursive bind read-only all the way down', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    await mkdir(join(source, 'below'))
    await mounter.mount({ source: 'x', target: join(source, 'below'), type: 'tmpfs' })
    await mounter.bindMount(source, target, { recursive: true, readOnly: true })
    await expect(writeFile(join(target, 'file'), '')).rejects.toMatchObject({ code: 'EROFS' })
    await expect(writeFile(join(target, 'below/file'), '')).rejects.toMatchObject({ code: 'EROFS' })
    await writeFile(join(source, 'below/file'), 'still writable')
  })

  it('leaves out of a plain bind what is mounted below', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    await mkdir(join(source, 'below'))
    await mounter.mount({ source: 'x', target: join(source, 'below'), type: 'tmpfs' })
    await mounter.bindMount(source, target)
    expect(await mountsUnder(target)).toEqual([])
  })

  it('binds a file', async () => {
    await writeFile(join(directory, 'source'), 'content')
    await writeFile(join(directory, 'target'), '')
    await mounter.bindMount(join(directory, 'source'), join(directory, 'target'))
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('content')
    await mounter.unmount(join(directory, 'target'))
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('')
  })

  it('sets propagation', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    await mounter.bindMount(source, target, { propagation: 'shared' })
    expect((await findMount(target))?.propagation).toEqual([expect.stringMatching(/^shared:\d+$/)])
    await mounter.mount({ source: 'none', target, type: '', options: ['rprivate'] })
    expect((await findMount(target))?.propagation).toEqual([])
    await mounter.mount({ source: 'none', target, type: '', options: ['unbindable'] })
    expect((await findMount(target))?.propagation).toEqual(['unbindable'])
  })

  it('makes a bind writable again by a remount', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    await mounter.bindMount(source, target, { readOnly: true })
    await mounter.mount({ source: 'none', target, type: '', options: ['remount', 'bind', 'rw'] })
    await writeFile(join(target, 'file'), '')
  })

  it('changes the size of a tmpfs', async () => {
    const target = await folder('target')
    await mounter.mount({ source: 'x', target, type: 'tmpfs', data: 'size=1m' })
    await mounter.mount({ source: 'x', target, type: 'tmpfs', options: ['remount', 'size=2m'] })
    expect((await findMount(target))?.superOptions).toContain('size=2048k')
  })

  it('unmounts the topmost of two, through a link', async () => {
    const target = await folder('target')
    await symlink(target, join(directory, 'link'))
    await mounter.mount({ source: 'first', target, type: 'tmpfs' })
    await mounter.mount({ source: 'second', target, type: 'tmpfs' })
    await mounter.unmount(join(directory, 'link'))
    expect(await findMount(target)).toMatchObject({ source: 'first' })
    await mounter.unmount(target)
    expect(await isMountpoint(target)).toBe(false)
  })

  it('does not unmount what is in use, unless lazily', async () => {
    const target = await folder('target')
    await mounter.mount({ source: 'x', target, type: 'tmpfs' })
    const file = await open(join(target, 'file'), 'w')
    await expect(mounter.unmount(target)).rejects.toMatchObject({
      code: 'in-use',
      op: 'unmount',
      subject: target,
      message: expect.stringContaining('EBUSY'),
      details: { errno: 'EBUSY' },
    })
    expect(await isMountpoint(target)).toBe(true)
    await mounter.unmount(target, { lazy: true })
    expect(await isMountpoint(target)).toBe(false)
    await file.write('it is still there for whoever has it')
    await file.close()
  })

  it('names errno and target', async () => {
    const target = await folder('target')
    await writeFile(join(directory, 'file'), '')
    const failing = async (request: {
      source?: string
      target?: string
      data?: string
      options?: string[]
      type?: string
    }) => await mounter.mount({ source: 'x', target, type: 'tmpfs', ...request }).catch((error: unknown) => error)
    expect(await failing({ data: 'size=zz' })).toMatchObject({
      code: 'invalid-argument',
      op: 'mount',
      subject: target,
      message: expect.stringContaining('EINVAL'),
      details: { errno: 'EINVAL' },
    })
    const absent = join(directory, 'absent')
    expect(await failing({ target: absent })).toMatchObject({
      code: 'not-found',
      subject: absent,
      details: { errno: 'ENOENT' },
    })
    expect(await failing({ target: join(directory, 'file') })).toMatchObject({
      code: 'invalid-argument',
      details: { errno: 'ENOTDIR' },
    })
    expect(await failing({ source: absent, type: '', options: ['bind'] })).toMatchObject({
      details: { errno: 'ENOENT' },
    })
    expect(await isMountpoint(target)).toBe(false)
  })
}

function stepTests(): void {
  it('takes away what it mounted when a later step fails', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    const mounter = new Mounter({ loadKoffi: failingFrom(2) })
    await expect(mounter.bindMount(source, target, { readOnly: true })).rejects.toMatchObject({
      details: { errno: 'EIO' },
    })
    expect(await isMountpoint(target)).toBe(false)
  })

  it('takes away a recursive bind of which a part cannot be made read-only', async () => {
    const [source, target] = [await folder('source'), await folder('target')]
    await mkdir(join(source, 'below'))
    await mount({ source: 'x', target: join(source, 'below'), type: 'tmpfs' })
    const mounter = new Mounter({ loadKoffi: failingFrom(3) })
    await expect(mounter.bindMount(source, target, { recursive: true, readOnly: true })).rejects.toMatchObject({
      details: { errno: 'EIO' },
    })
    expect(await isMountpoint(target)).toBe(false)
    expect(await mountsUnder(target)).toEqual([])
  })

  it('leaves an older mount alone when a change of it fails', async () => {
    const target = await folder('target')
    await mount({ source: 'x', target, type: 'tmpfs' })
    const mounter = new Mounter({ loadKoffi: failingFrom(1) })
    await expect(mounter.mount({ source: 'none', target, type: '', options: ['private'] })).rejects.toThrow('EIO')
    expect(await isMountpoint(target)).toBe(true)
  })
}

function heavyTests(): void {
  it('is mounted and unmounted by programs even where koffi is', async () => {
    const target = await folder('target')
    const calls: string[] = []
    const mounter = new Mounter({ loadKoffi: counting(calls) })
    await mounter.mount({ source: 'x', target, type: 'ramfs', options: ['nosuid'] })
    expect(await findMount(target)).toMatchObject({ type: 'ramfs', options: expect.arrayContaining(['nosuid']) })
    await mounter.unmount(target)
    expect(await isMountpoint(target)).toBe(false)
    expect(calls).toEqual([])
  })

  it('fails with an errno too', async () => {
    const target = await folder('target')
    const mounter = new Mounter()
    const failing = async (source: string, type: string) =>
      await mounter.mount({ source, target, type }).catch((error: unknown) => error)
    expect(await failing('/dev/pouch-no-such-device', 'ext4')).toMatchObject({
      code: 'not-found',
      subject: target,
      details: { errno: 'ENOENT', program: 'mount' },
    })
    expect(await failing('/dev/null', 'ext4')).toMatchObject({
      code: 'invalid-argument',
      details: { errno: 'ENOTBLK' },
    })
    expect(await failing('/dev/null', 'pouchfs')).toMatchObject({ code: 'unsupported', details: { errno: 'ENODEV' } })
  })

  it('sees what it mounted in mountinfo at once', async () => {
    const target = await folder('target')
    await new Mounter().mount({ source: 'x', target, type: 'ramfs' })
    expect((await readMountinfo()).filter(({ mountPoint }) => mountPoint === target)).toHaveLength(1)
  })
}

/** The real library, of which `mount` fails with EIO from the nth call on. */
function failingFrom(nth: number): KoffiLoader {
  let calls = 0
  let fake = 0
  return wrapped(
    (name, real) =>
      (...args) => {
        if (name === 'mount') calls += 1
        const fails = name === 'mount' && calls >= nth
        fake = fails ? 5 : 0
        return fails ? -1 : real(...args)
      },
    () => fake,
  )
}

function counting(calls: string[]): KoffiLoader {
  return wrapped(
    (name, real) =>
      (...args) => {
        calls.push(name)
        return real(...args)
      },
    () => 0,
  )
}

type Call = (...args: unknown[]) => unknown

function wrapped(wrap: (name: string, real: Call) => Call, fakeErrno: () => number): KoffiLoader {
  const load = () => {
    const library = koffi.load(null)
    const func = (name: string, result: string, args: string[]) => wrap(name, library.func(name, result, args))
    return { func }
  }
  const errno = () => fakeErrno() || koffi.errno()
  return async () => ({ default: { ...koffi, load, errno } }) as unknown as Awaited<ReturnType<KoffiLoader>>
}
