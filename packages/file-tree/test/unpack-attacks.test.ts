import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unpackTree } from '../src/index.js'
import { archive, inChunks, member, pax } from './support/archives.js'
import { useFolders } from './support/folders.js'

const folder = useFolders()

/** A root with a neighbour that holds a secret, as `../outside/secret`. */
function target(): { root: string; outside: string; untouched: () => void } {
  const root = folder()
  const outside = join(dirname(root), 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'secret', { mode: 0o600 })
  const before = statSync(outside, { bigint: true })
  const secret = statSync(join(outside, 'secret'), { bigint: true })
  const untouched = () => {
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    expect(readdirSync(outside)).toEqual(['secret'])
    expect(readdirSync(dirname(root)).sort()).toEqual(['outside', 'tree'])
    expect(statSync(outside, { bigint: true }).mtimeNs).toBe(before.mtimeNs)
    expect(statSync(join(outside, 'secret'), { bigint: true })).toMatchObject({ mode: secret.mode, nlink: 1n })
  }
  return { root, outside, untouched }
}

const file = (name: string) => member({ name, data: 'evil' })
const link = (name: string, to: string) => member({ name, type: '2', link: to })

describe('an archive that wants to leave its directory', () => {
  const refused: readonly (readonly [string, string, (outside: string) => Buffer[]])[] = [
    ['an absolute name', 'is absolute', (outside) => [file(`${outside}/evil`)]],
    ["a name with '..'", "leads up by '..'", () => [file('../outside/evil')]],
    ["'..' in the middle", "leads up by '..'", () => [file('a/../../outside/evil')]],
    ["'..' in a pax header", "leads up by '..'", () => [pax({ path: '../outside/evil' }), file('fine')]],
    [
      "'..' in a long name",
      "leads up by '..'",
      () => [member({ name: '././@LongLink', type: 'L', data: '../outside/evil\0' }), file('fine')],
    ],
    ["'..' in a sparse name", "leads up by '..'", () => [pax({ 'GNU.sparse.name': '../outside/evil' }), file('fine')]],
    ["'..' of a directory", "leads up by '..'", () => [member({ name: '../outside/', type: '5', mode: 0o777 })]],
    ['a planted link', 'leads through a link', () => [link('a', '../outside'), file('a/evil')]],
    ['a planted absolute link', 'leads through a link', (outside) => [link('a', outside), file('a/evil')]],
    ['a planted link deeper down', 'leads through a link', () => [link('a/b', '../../outside'), file('a/b/evil')]],
    ['a link of a link', 'leads through a link', () => [link('a', 'b'), link('b', '../outside'), file('a/evil')]],
    [
      'a link in place of a directory',
      'leads through a link',
      () => [member({ name: 'a/', type: '5' }), link('a', '../outside'), file('a/evil')],
    ],
    ['a file through a file', 'leads through a link or a file', () => [file('a'), file('a/b')]],
    ['a hard link to outside', "leads up by '..'", () => [member({ name: 'a', type: '1', link: '../outside/secret' })]],
    [
      'an absolute hard link',
      'is absolute',
      (outside) => [member({ name: 'a', type: '1', link: `${outside}/secret` })],
    ],
    [
      'a hard link through a link',
      'no file',
      () => [link('a', '../outside'), member({ name: 'b', type: '1', link: 'a/secret' })],
    ],
    ['a hard link to what is not there', 'no file', () => [member({ name: 'b', type: '1', link: 'nothing' })]],
    ['a hard link to itself', 'no file', () => [file('a'), member({ name: 'a', type: '1', link: 'a' })]],
    [
      'a hard link to a directory',
      'no file',
      () => [member({ name: 'd/', type: '5' }), member({ name: 'a', type: '1', link: 'd' })],
    ],
    ['a zero byte', 'a zero byte', () => [pax({ path: 'a\0b' }), file('a')]],
    ['the root as a link', 'would replace the directory itself', () => [link('./', '../outside')]],
    ['the root as a file', 'would replace the directory itself', () => [file('.')]],
    ['a file in place of a full directory', 'not empty', () => [file('d/x'), file('d')]],
  ]

  it.each(refused)('%s is refused', async (_, words, members) => {
    const { root, outside, untouched } = target()
    const unpacking = unpackTree(root, inChunks(archive(...members(outside))), { ownership: 'caller' })
    await expect(unpacking).rejects.toMatchObject({
      code: 'invalid-argument',
      op: 'tree.unpack',
      message: expect.stringContaining(words),
    })
    untouched()
  })

  it('replaces a planted link rather than writing through it', async () => {
    const { root, outside, untouched } = target()
    symlinkSync(join(outside, 'secret'), join(root, 'file'))
    symlinkSync(outside, join(root, 'dir'))
    const members = [
      file('file'),
      member({ name: 'dir/', type: '5', mode: 0o777 }),
      file('dir/x'),
      link('twice', '../outside/secret'),
      member({ name: 'twice', data: 'fine' }),
    ]
    await unpackTree(root, inChunks(archive(...members)), { ownership: 'caller' })
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('evil')
    expect(readFileSync(join(root, 'twice'), 'utf8')).toBe('fine')
    expect(readdirSync(join(root, 'dir'))).toEqual(['x'])
    untouched()
  })

  it('keeps links to anywhere as they are, and a root that is a link out', async () => {
    const { root, untouched } = target()
    await unpackTree(root, inChunks(archive(link('out', '/etc/passwd'))), { ownership: 'caller' })
    expect(readdirSync(root)).toEqual(['out'])
    symlinkSync(root, `${root}-link`)
    const through = unpackTree(`${root}-link`, inChunks(archive(file('x'))))
    await expect(through).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(unpackTree('relative', inChunks(archive()))).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(unpackTree(join(root, 'nowhere'), inChunks(archive()))).rejects.toMatchObject({ code: 'not-found' })
    expect(readdirSync(root)).toEqual(['out'])
    expect(untouched).toThrow()
  })

  it('bounds entries and bytes', async () => {
    const { root } = target()
    const members = [file('a'), file('b'), file('c')]
    const limited = (limits: object) => unpackTree(root, inChunks(archive(...members)), { ownership: 'caller', limits })
    await expect(limited({ entries: 2 })).rejects.toMatchObject({ code: 'exhausted', subject: 'c' })
    await expect(limited({ bytes: 8 })).rejects.toMatchObject({ code: 'exhausted', subject: 'c' })
    expect(await limited({ entries: 3, bytes: 12 })).toMatchObject({ entries: 3, bytes: 12 })
  })
})
