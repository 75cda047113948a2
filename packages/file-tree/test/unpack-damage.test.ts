import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isPouchError } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import { packTree, unpackTree } from '../src/index.js'
import { archive, bytesOf, gnuTar, inChunks, member, pax, sealed } from './support/archives.js'
import { useFolders } from './support/folders.js'

// Hundreds of archives, each brought to the disk: memory is disk enough.
const folder = useFolders(existsSync('/dev/shm') ? '/dev/shm' : undefined)

function fails(data: Buffer) {
  return expect(unpackTree(folder(), inChunks(data, 700), { ownership: 'caller' })).rejects
}

describe('a damaged archive', () => {
  it('is corrupt wherever it is cut, with the offset, and nothing hangs', async () => {
    const whole = archive(
      pax({ path: 'long'.repeat(40), mtime: '1.5' }),
      member({ name: 'x', data: 'x'.repeat(1500) }),
      member({ name: 'y', data: 'y' }),
    )
    const end = whole.length - 1024
    for (const length of [0, 1, 511, 512, 600, 1024, 1600, 2048, 3000, 3072, end - 512, end, end + 1, end + 511]) {
      await fails(whole.subarray(0, length)).toMatchObject({ code: 'corrupt', details: { offset: expect.any(Number) } })
    }
    const { entries } = await unpackTree(folder(), inChunks(whole.subarray(0, end + 512)), { ownership: 'caller' })
    expect(entries).toBe(2)
  })

  it('is corrupt or refused for fields beyond their bounds', async () => {
    const broken = member({ name: 'x', data: 'x' })
    broken[0] = 0x7a
    await fails(archive(broken)).toMatchObject({ code: 'corrupt', details: { offset: 0 } })
    const cases: Buffer[][] = [
      [member({ name: 'x', size: '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' })],
      [member({ name: 'x', size: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' })],
      [member({ name: 'x', size: '99999999999' })],
      [member({ name: 'x', type: 'x', size: 20 * 1024 * 1024 })],
      [pax({ size: '-1' }), member({ name: 'x' })],
      [pax({ size: '99999999999999999' }), member({ name: 'x' })],
      [pax({ uid: '4294967295' }), member({ name: 'x' })],
      [pax({ mtime: 'yesterday' }), member({ name: 'x' })],
      [member({ name: 'x', type: 'x', data: '9999 path=x\n' }), member({ name: 'x' })],
      [member({ name: 'x', type: 'x', data: '5 a\n' }), member({ name: 'x' })],
      [pax({ path: 'x' })],
      Array.from({ length: 40 }, () => pax({ path: 'x' })),
      [
        pax({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' }),
        member({ name: 'x', data: 'no map' }),
      ],
      [pax({ 'GNU.sparse.map': '0,5,3,5', 'GNU.sparse.size': '20' }), member({ name: 'x', data: '0123456789' })],
      [pax({ 'GNU.sparse.map': '0,5', 'GNU.sparse.size': '4' }), member({ name: 'x', data: '01234' })],
      [pax({ 'GNU.sparse.map': '0,5,9', 'GNU.sparse.size': '40' }), member({ name: 'x', data: '01234' })],
      [member({ name: 'x' }), Buffer.alloc(512), member({ name: 'y' })],
    ]
    for (const members of cases) await fails(archive(...members)).toMatchObject({ code: 'corrupt' })
    await fails(archive(member({ name: 'x', type: 'M' }))).toMatchObject({ code: 'unsupported', subject: 'x' })
  })

  it('stops when the caller has gone, and passes on what the source fails with', async () => {
    const controller = new AbortController()
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield member({ name: 'x', size: '77777777777' })
      for (let count = 0; ; count += 1) {
        if (count === 20) controller.abort()
        yield await Promise.resolve(Buffer.alloc(65536))
      }
    }
    const aborted = unpackTree(folder(), endless(), { signal: controller.signal, ownership: 'caller' })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield member({ name: 'x', data: 'x' })
      await Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))
    }
    await expect(unpackTree(folder(), failing())).rejects.toMatchObject({ details: { errno: 'ECONNRESET' } })
  })

  it('of any kind, 500 of them, never leaves the directory and fails with a PouchError alone', async () => {
    const archives = await samples()
    const random = numbers(20_261_121)
    const outcomes = new Map<string, number>()
    for (let round = 0; round < Number(process.env.POUCH_FUZZ_ROUNDS ?? 500); round += 1) {
      const root = folder()
      const data = mutated(archives, random)
      const outcome = await unpackTree(root, inChunks(data, 1 + random(4096)), { limits: { entries: 1000 } }).then(
        () => 'unpacked',
        (error: unknown) => (isPouchError(error) ? error.code : `round ${round}: ${String(error)}`),
      )
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      expect({ round, beside: readdirSync(dirname(root)) }).toEqual({ round, beside: ['tree'] })
    }
    const allowed = ['corrupt', 'exhausted', 'internal', 'invalid-argument', 'unpacked', 'unsupported']
    expect(allowed).toEqual(expect.arrayContaining([...outcomes.keys()]))
    expect(outcomes.get('internal') ?? 0).toBe(0)
    expect(outcomes.get('corrupt')).toBeGreaterThan(50)
    expect(outcomes.get('unpacked')).toBeGreaterThan(20)
  })
})

async function samples(): Promise<Buffer[]> {
  const root = folder()
  mkdirSync(join(root, 'dir'))
  writeFileSync(join(root, 'dir/file'), 'content'.repeat(100))
  writeFileSync(join(root, 'dir', 'n'.repeat(120)), '')
  writeFileSync(
    join(root, 'sparse'),
    Buffer.concat([Buffer.alloc(70_000), Buffer.from('x'), Buffer.alloc(70_000), Buffer.from('y')]),
  )
  const attacks = archive(
    member({ name: 'a', type: '2', link: '../outside' }),
    member({ name: 'a/x', data: 'x' }),
    member({ name: '../x', data: 'x' }),
    member({ name: 'h', type: '1', link: '../x' }),
  )
  return [
    await bytesOf(packTree(root)),
    gnuTar(root, '--format=gnu', '-S'),
    gnuTar(root, '--format=pax', '-S'),
    gnuTar(root, '--format=ustar', '--exclude=n*'),
    attacks,
  ]
}

/** The same numbers in every run: mulberry32. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function mutated(archives: readonly Buffer[], random: (below: number) => number): Buffer {
  const pick = () => archives[random(archives.length)] ?? Buffer.alloc(0)
  let data = Buffer.from(pick())
  for (let count = 1 + random(4); count > 0; count -= 1) {
    const block = 512 * random(Math.max(1, Math.floor(data.length / 512)))
    const kind = random(6)
    if (kind === 0) data = data.subarray(0, random(data.length + 1))
    else if (kind === 1) data = Buffer.concat([data.subarray(0, block), data.subarray(block + 512)])
    else if (kind === 2)
      data = Buffer.concat([data.subarray(0, block), pick().subarray(0, 512 * (1 + random(4))), data.subarray(block)])
    else if (data.length >= 512) {
      // A byte, in a header that is right otherwise more often than not.
      const header = data.subarray(block, block + 512)
      for (let bytes = 1 + random(6); bytes > 0; bytes -= 1) header[random(512)] = random(2) === 0 ? random(256) : 0x2e
      if (kind > 3 && header.length === 512) sealed(header)
    }
    data = Buffer.from(data)
  }
  return data
}

describe('what a damaged archive leaves', () => {
  it('is what came before the damage', async () => {
    const root = folder()
    const data = archive(member({ name: 'first', data: 'whole' }), member({ name: 'second', data: 'x'.repeat(2000) }))
    await expect(unpackTree(root, inChunks(data.subarray(0, 2048)))).rejects.toMatchObject({ code: 'corrupt' })
    expect(readFileSync(join(root, 'first'), 'utf8')).toBe('whole')
    expect(statSync(root).isDirectory()).toBe(true)
  })
})
