import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blobOf } from '../../packages/image-manager/test/fixtures/images.js'
import { pushImage, startRegistry, type TestRegistry } from '../../packages/image-manager/test/fixtures/registry.js'
import { busyboxArchive, RunningPouchd } from '../running-pouchd.js'
import { PouchCli } from './pouch-cli.js'

let daemon: RunningPouchd
let registry: TestRegistry
let pouch: PouchCli

beforeAll(async () => {
  registry = await startRegistry()
  daemon = await RunningPouchd.start()
  pouch = new PouchCli(daemon.address)
  await pushImage(registry.host, 'team/box', '1', await busyboxImage())
})

afterAll(async () => {
  await daemon?.remove()
  await registry?.stop()
})

/** The image that the archive holds. */
async function busyboxImage() {
  const archive = await busyboxArchive()
  const read = async (path: string) => {
    const { stdout } = await promisify(execFile)('tar', ['-xOf', archive, path], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    })
    return blobOf(stdout)
  }
  const [{ Config, Layers }] = JSON.parse((await read('manifest.json')).bytes.toString()) as [
    { Config: string; Layers: string[] },
  ]
  return { config: await read(Config), layers: await Promise.all(Layers.map(read)) }
}

describe('images', () => {
  it('are loaded from a file and from stdin', async () => {
    const file = await busyboxArchive()
    expect(await pouch.output('load', '-i', file)).toBe('Loaded image: busybox:latest\n')
    const piped = await pouch.run(['load', '-q'], { stdin: { file } })
    expect([piped.code, piped.stdout.toString()]).toEqual([0, 'Loaded image: busybox:latest\n'])
    const junk = await pouch.run(['load'], { stdin: 'this is no archive' })
    expect([junk.code, junk.stdout.toString(), junk.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(/^pouch: [^\n]+\n$/),
    ])
    expect(await pouch.run(['load', '-i', '/no/such/file'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot read /no/such/file'),
    })
  })

  it('are listed, tagged, shown and removed', async () => {
    await pouch.output('tag', 'busybox', 'mine/box:2')
    expect(await pouch.output('images', '--format', '{{.Repository}}:{{.Tag}}')).toBe('busybox:latest\nmine/box:2\n')
    expect(await pouch.output('images', '-q', 'mine/*')).toMatch(/^[0-9a-f]{12}\n$/)
    expect(await pouch.output('inspect', '-f', '{{.Os}}/{{.Architecture}}', 'mine/box:2')).toMatch(/^linux\//)
    expect(await pouch.output('rmi', 'mine/box:2')).toBe('Untagged: mine/box:2\n')
    expect((await pouch.run(['rmi', 'mine/box:2'])).stderr).toMatch(/^pouch: .*mine\/box:2.*\n$/)
  })

  it('are made of a root filesystem', async () => {
    const rootfs = join(dirname(await busyboxArchive()), 'rootfs')
    const file = join(daemon.folder, 'rootfs.tar')
    await promisify(execFile)('tar', ['-C', rootfs, '-cf', file, '.'])
    const id = await pouch.output(
      'import',
      '-c',
      'CMD ["echo","from the image"]',
      '-c',
      'ENV A=1',
      '-m',
      'made here',
      file,
      'imported:1',
    )
    expect(id).toMatch(/^sha256:[0-9a-f]{64}\n$/)
    expect(await pouch.output('run', '--rm', '--network', 'none', 'imported:1')).toBe('from the image\n')
    const again = await pouch.run(['import', '-', 'imported:2'], { stdin: { file } })
    expect([again.code, again.stdout.toString()]).toEqual([0, expect.stringMatching(/^sha256:/)])
    expect((await pouch.run(['import', 'https://example.com/x.tar'])).stderr).toContain('download it first')
  })

  it('are pulled: lines where no terminal is, and a run of a missing one pulls it', async () => {
    const reference = `${registry.host}/team/box:1`
    const pulled = await pouch.output('pull', reference)
    expect(pulled).toMatch(
      /^1: Pulling from .*team\/box\n[\s\S]*Pull complete\nDigest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for /,
    )
    expect(pulled).not.toContain('\u001b')
    expect(await pouch.output('pull', '-q', reference)).toBe(`${reference}\n`)
    await pouch.output('rmi', reference)
    const ran = await pouch.run(['run', '--rm', '--network', 'none', reference, 'echo', 'here'])
    expect([ran.code, ran.stdout.toString()]).toEqual([0, 'here\n'])
    expect(ran.stderr).toContain(`Unable to find image '${reference}' locally\n`)
  })

  it('are drawn with bars on a terminal', async () => {
    const reference = `${registry.host}/team/box:1`
    await pouch.output('rmi', reference)
    const { code, stdout } = await pouch.onTerminal('pull', reference).ended
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/\u001b\[\d+A\r\u001b\[2K[0-9a-f]{12}: /)
    expect(stdout.toString()).toContain('Status: Downloaded newer image')
  })

  it('that are nowhere are an error in one line', async () => {
    const outcome = await pouch.run(['pull', `${registry.host}/team/none:1`])
    expect([outcome.code, outcome.stdout.toString()]).toEqual([1, ''])
    expect(outcome.stderr).toMatch(/^pouch: .*team\/none.*\n$/)
  })
})
