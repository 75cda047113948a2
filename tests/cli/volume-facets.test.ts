import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkStoreFile, sqliteStore } from '@pouch/store-sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { PouchCli } from './pouch-cli.js'

let daemon: RunningPouchd
let pouch: PouchCli

beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
  pouch = new PouchCli(daemon.address)
})

afterAll(() => daemon?.remove())

/** A path in a volume of plain directories. */
const inside = async (volume: string, name: string) =>
  join((await pouch.output('volume', 'inspect', '-f', '{{.Mountpoint}}', volume)).trim(), name)
const refused = async (...words: string[]) => {
  const { code, stderr } = await pouch.run(words)
  return [code, stderr] as const
}
const template = (volume: string, text: string) => pouch.output('volume', 'inspect', '-f', text, volume)

describe('snapshots and clones', () => {
  it('keep what was, bring it back, and are volumes of their own', async () => {
    await pouch.output('volume', 'create', 'work')
    const file = await inside('work', 'file')
    writeFileSync(file, 'first')
    expect(await pouch.output('volume', 'snapshot', 'create', '-l', 'why=test', 'work', 's1')).toBe('s1\n')
    writeFileSync(file, 'second')
    expect(await pouch.output('volume', 'snapshot', 'ls', '-q', 'work')).toBe('s1\n')
    expect(await pouch.output('volume', 'create', '--from', 'work@s1', 'clone')).toBe('clone\n')
    expect(readFileSync(await inside('clone', 'file'), 'utf8')).toBe('first')
    await pouch.output('volume', 'snapshot', 'restore', 'work', 's1')
    expect(readFileSync(await inside('work', 'file'), 'utf8')).toBe('first')
    expect(await refused('volume', 'rm', 'work')).toEqual([1, expect.stringContaining('snapshots')])
    expect(await pouch.output('volume', 'snapshot', 'rm', 'work', 's1')).toBe('s1\n')
    expect(await pouch.output('volume', 'rm', 'work', 'clone')).toBe('work\nclone\n')
  })

  it('of a volume in use are refused, and made when one asks for it', async () => {
    const words = ['-d', '--name', 'writer', '--network', 'none', '-v', 'busy:/d', 'busybox', 'sleep', '60']
    await pouch.output('run', ...words)
    const method = await template('busy', '{{.Details.facts.backing}}')
    if (method !== 'directory\n') throw new Error(`these tests are for plain directories, not ${method}`)
    const [code, stderr] = await refused('volume', 'snapshot', 'create', 'busy', 's1')
    if (code !== 0) expect(stderr).toContain('busy')
    expect(await pouch.output('volume', 'snapshot', 'create', '--inconsistent', 'busy', 's2')).toBe('s2\n')
    expect(await refused('volume', 'snapshot', 'restore', 'busy', 's2')).toEqual([
      1,
      expect.stringContaining('[writer]'),
    ])
    expect(await refused('volume', 'rename', 'busy', 'idle')).toEqual([1, expect.stringContaining('[writer]')])
    expect(await refused('volume', 'export', 'busy')).toEqual([1, expect.stringContaining('somebody may be writing')])
    await pouch.output('rm', '-f', 'writer')
  })
})

describe('sizes', () => {
  it('are changed, enforced and shown', async () => {
    await pouch.output('volume', 'create', '-o', 'size=20m', 'sized')
    expect(await pouch.output('volume', 'update', '--size', '40m', '-l', 'a=b', 'sized')).toBe('sized\n')
    const fill = 'dd if=/dev/zero of=/d/x bs=1M count=30 && dd if=/dev/zero of=/d/y bs=1M count=30'
    const { code, stderr } = await pouch.run([
      'run',
      '--rm',
      '--network',
      'none',
      '-v',
      'sized:/d',
      'busybox',
      'sh',
      '-c',
      fill,
    ])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/No space left|quota exceeded/)])
    const list = [
      'volume',
      'ls',
      '--size',
      '--format',
      '{{.Name}} {{.Size}} {{.Used}} {{.Label "a"}}',
      '-f',
      'name=sized',
    ]
    expect(await pouch.output(...list)).toMatch(/^sized 40MiB (3[0-9]|4[0-9])(\.\d+)?MiB b\n$/)
    expect(await template('sized', '{{.Details.sizeBytes}}')).toBe(`${40 * 1024 * 1024}\n`)
    const [failed, why] = await refused('volume', 'update', '--size', '10m', 'sized')
    expect([failed, why]).toEqual([1, expect.stringMatching(/^pouch: .+\n$/)])
    await pouch.output('volume', 'rm', 'sized')
  })

  it('of what is there are summed up', async () => {
    await pouch.output('volume', 'create', 'summed')
    writeFileSync(await inside('summed', 'file'), 'x'.repeat(5000))
    expect(await pouch.output('system', 'df', '-v')).toMatch(/\nsummed +0 +5kB\n/)
    expect(await pouch.output('system', 'df', '--format', '{{.Type}}')).toBe('Images\nContainers\nLocal Volumes\n')
    await pouch.output('volume', 'rm', 'summed')
  })
})

describe('archives', () => {
  it('go out and come in again, whatever they are compressed with, and GNU tar reads them', async () => {
    await pouch.output('volume', 'create', 'packed')
    const folder = await inside('packed', '.')
    mkdirSync(join(folder, 'deep'))
    writeFileSync(join(folder, 'deep/file'), 'content', { mode: 0o640 })
    const out = join(daemon.folder, 'out')
    mkdirSync(out)
    await pouch.output('volume', 'export', 'packed', '-o', join(out, 'plain.tar'))
    await pouch.output('volume', 'export', 'packed', '--compress', 'gzip', '-o', join(out, 'gzip.tar.gz'))
    expect(readdirSync(out).sort()).toEqual(['gzip.tar.gz', 'plain.tar'])
    const { stdout } = spawnSync('tar', ['-tzvf', join(out, 'gzip.tar.gz')], { encoding: 'utf8' })
    expect(stdout).toMatch(/-rw-r----- 0\/0 +7 .* (\.\/)?deep\/file\n/)
    for (const name of readdirSync(out)) {
      const volume = name.split('.')[0] ?? ''
      expect(await pouch.output('volume', 'import', '-l', 'from=packed', join(out, name), volume)).toBe(`${volume}\n`)
      expect(readFileSync(await inside(volume, 'deep/file'), 'utf8')).toBe('content')
    }
    const piped = await pouch.run(['volume', 'import', 'piped'], { stdin: { file: join(out, 'plain.tar') } })
    expect([piped.code, piped.stdout.toString(), piped.stderr]).toEqual([0, 'piped\n', ''])
    await pouch.output('volume', 'rm', 'packed', 'plain', 'gzip', 'piped')
  })

  it('that are no archive make no volume', async () => {
    const junk = await pouch.run(['volume', 'import', 'junk'], { stdin: 'this is no archive'.repeat(100) })
    expect([junk.code, junk.stderr]).toEqual([1, expect.stringMatching(/^pouch: .+\n$/)])
    expect(await pouch.output('volume', 'ls', '-q', '-f', 'name=junk')).toBe('')
  })

  it('whose program is killed midway make no volume', async () => {
    const command = pouch.begin('volume', 'import', 'halfway')
    const { stdout } = spawnSync('tar', ['-C', '/usr/bin', '-c', 'tar'])
    command.stdin.write(stdout.subarray(0, stdout.length / 2))
    // A volume has a name of its own until it is whole.
    const filling = () => readdirSync(join(daemon.home, 'volume')).filter((name) => name.startsWith('filling-'))
    await expect.poll(filling, { timeout: 20_000 }).toHaveLength(1)
    command.kill('SIGKILL')
    await command.ended
    await expect.poll(filling, { timeout: 20_000 }).toEqual([])
    expect(await pouch.output('volume', 'ls', '-q', '-f', 'name=halfway')).toBe('')
  })

  it('that are interrupted leave no file', async () => {
    await pouch.output('volume', 'create', 'long')
    writeFileSync(await inside('long', 'file'), Buffer.alloc(300_000_000, 1))
    const out = join(daemon.folder, 'interrupted')
    mkdirSync(out)
    const command = pouch.begin('volume', 'export', 'long', '-o', join(out, 'long.tar'))
    await expect.poll(() => readdirSync(out), { interval: 2, timeout: 20_000 }).toHaveLength(1)
    command.kill('SIGINT')
    expect(await command.ended).toMatchObject({ signal: 'SIGINT' })
    expect(readdirSync(out)).toEqual([])
    await pouch.output('volume', 'rm', 'long')
  })

  it('show a bar on a terminal, and are not written to one', async () => {
    await pouch.output('volume', 'create', 'shown')
    writeFileSync(await inside('shown', 'file'), 'x'.repeat(100_000))
    const toTerminal = await pouch.onTerminal('volume', 'export', 'shown').ended
    expect(toTerminal.stdout.toString()).toContain('stdout is a terminal')
    const file = join(daemon.folder, 'shown.tar')
    const bar = await pouch.onTerminal('volume', 'export', 'shown', '-o', file).ended
    expect([bar.code, bar.stdout.toString()]).toEqual([
      0,
      expect.stringMatching(/exporting shown: \[=+\] \d+kB\/\d+kB/),
    ])
    await pouch.output('volume', 'rm', 'shown')
  })
})

it('a volume is renamed, and moved to another size by migration', async () => {
  await pouch.output('volume', 'create', 'roaming')
  writeFileSync(await inside('roaming', 'file'), 'content')
  await pouch.output('volume', 'rename', 'roaming', 'moved')
  expect(readFileSync(await inside('moved', 'file'), 'utf8')).toBe('content')
  expect(await refused('volume', 'migrate', 'moved', '-d', 'tmpfs')).toEqual([1, expect.stringContaining('tmpfs')])
  expect(readFileSync(await inside('moved', 'file'), 'utf8')).toBe('content')
  expect(await refused('volume', 'migrate', 'moved', '-d', 'nope')).toEqual([1, expect.stringContaining('nope')])
  expect(await pouch.output('volume', 'rm', 'moved')).toBe('moved\n')
})

it('info names the drivers with what they can do', async () => {
  const text = await pouch.output('info')
  expect(text).toMatch(/\nVolume Drivers:\n local: \(default\)\n(.*\n)* {2}State: healthy\n/)
  expect(text).toMatch(/\n {2}Facets: .*snapshots.*\n/)
  expect(text).toMatch(/\n {2}Quota: \S+/)
  const drivers = await pouch.output('info', '-f', '{{range .VolumeDrivers}}{{.name}}={{.state}} {{end}}')
  expect(drivers).toBe('local=open tmpfs=open \n')
})

describe('backups', () => {
  it('have what the daemon knows, and are read by a store', async () => {
    await pouch.output('volume', 'create', '-l', 'why=backup', 'known')
    const file = join(daemon.folder, 'backup.db')
    expect(await pouch.output('system', 'backup', file)).toBe('')
    const piped = await pouch.run(['system', 'backup'])
    expect([piped.code, piped.stdout.subarray(0, 15).toString()]).toEqual([0, 'SQLite format 3'])
    await pouch.output('volume', 'rm', 'known')
    expect(await checkStoreFile({ path: file })).toMatchObject({ ok: true, problems: [] })
    const store = await sqliteStore({ path: file })
    try {
      const names: string[] = []
      for await (const { key } of store.list('')) names.push(key)
      expect(names.filter((key) => key.endsWith('/known'))).toHaveLength(1)
    } finally {
      await store.close()
    }
  })
})
