import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { staticBusybox } from '../../scripts/setup/debian.mjs'
import { busyboxArchive, RunningPouchd } from '../running-pouchd.js'
import { DockerCli, dockerPrograms } from './docker-cli.js'

let daemon: RunningPouchd
beforeAll(async () => {
  daemon = await RunningPouchd.start()
})
afterAll(() => daemon?.remove())

function rootfsTar(): string {
  const [root, tar] = [join(daemon.folder, 'rootfs'), join(daemon.folder, 'rootfs.tar')]
  mkdirSync(join(root, 'bin'), { recursive: true })
  copyFileSync(staticBusybox() ?? '', join(root, 'bin/busybox'))
  execFileSync('chmod', ['755', join(root, 'bin/busybox')])
  try {
    symlinkSync('busybox', join(root, 'bin/sh'))
  } catch {
    // There from the other CLI's turn.
  }
  execFileSync('tar', ['-C', root, '-cf', tar, '.'])
  return tar
}

describe.each(dockerPrograms())('docker $version', (program) => {
  let docker: DockerCli
  beforeAll(() => {
    docker = new DockerCli(program, daemon.address)
  })

  it('loads an archive, lists, inspects, tags and removes', async () => {
    const archive = await busyboxArchive()
    expect(await docker.output('load', '-i', archive)).toBe('Loaded image: busybox:latest\n')
    expect(await docker.output('images', '--format', '{{.Repository}}:{{.Tag}}')).toBe('busybox:latest\n')
    const [image] = JSON.parse(await docker.output('image', 'inspect', 'busybox')) as {
      Id: string
      Os: string
      RepoTags: string[]
    }[]
    expect(image).toMatchObject({
      Os: 'linux',
      RepoTags: ['busybox:latest'],
      Id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    })
    expect(await docker.output('images', '-q', '--no-trunc')).toBe(`${image?.Id}\n`)
    expect(await docker.output('tag', 'busybox', 'localhost:5000/team/box:1')).toBe('')
    expect(await docker.output('image', 'inspect', '-f', '{{.Id}}', 'localhost:5000/team/box:1')).toBe(`${image?.Id}\n`)
    expect(await docker.output('history', '-q', 'busybox')).toContain(image?.Id.slice(7, 19) ?? '-')
    expect(await docker.output('rmi', 'localhost:5000/team/box:1')).toBe('Untagged: localhost:5000/team/box:1\n')
    const removed = await docker.output('rmi', 'busybox')
    expect(removed).toContain('Untagged: busybox:latest\n')
    expect(removed).toContain(`Deleted: ${image?.Id}\n`)
    expect(await docker.output('images', '-q')).toBe('')
  })

  it('imports a root filesystem with changes, and runs it', async () => {
    const id = (
      await docker.output('import', '-c', 'CMD ["sh","-c","echo imported"]', '-m', 'by hand', rootfsTar(), 'mine:1')
    ).trim()
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(await docker.output('image', 'inspect', '-f', '{{.Comment}}', 'mine:1')).toBe('by hand\n')
    expect(await docker.output('run', '--rm', '--network', 'none', 'mine:1')).toBe('imported\n')
    const user = (await docker.output('create', '--network', 'none', 'mine:1')).trim()
    const used = await docker.run(['rmi', 'mine:1'])
    expect([used.code, used.stderr]).toEqual([
      1,
      expect.stringContaining(`container ${user.slice(0, 12)} is using its referenced image`),
    ])
    await docker.output('rm', user)
    await docker.output('rmi', 'mine:1')
  })

  it('tells what is wrong in Docker’s words', async () => {
    const failure = async (...words: string[]) => (await docker.run(words)).stderr
    expect(await failure('image', 'inspect', 'nosuch')).toMatch(/No such image: nosuch/)
    expect(await failure('rmi', 'nosuch')).toContain('No such image: nosuch')
    expect(await failure('run', '--rm', '--pull', 'never', 'nosuch:1', 'true')).toContain('No such image: nosuch:1')
    expect(await failure('pull', '127.0.0.1:1/nosuch:1')).toContain('127.0.0.1:1')
    expect(await failure('import', '/etc/hostname', 'bad:1')).toContain('Error response from daemon')
    expect(
      (await docker.run(['load'], { stdin: 'garbage' })).stderr +
        (await docker.run(['load'], { stdin: 'garbage' })).code,
    ).toMatch(/1$/)
    expect(await docker.output('images', '-q')).toBe('')
  })
})
