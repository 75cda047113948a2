import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CommandLine } from '../command-line.js'
import { repository } from '../running-pouchd.js'

/** One of Docker's own command lines that this machine has. */
export interface DockerProgram {
  readonly path: string
  /** `20.10.24`. */
  readonly version: string
}

/** Debian's docker CLI as the set-up unpacked it, the one that POUCH_TEST_DOCKER names, and the one on PATH; each once. */
export function dockerPrograms(): readonly DockerProgram[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'docker'))
  const wanted = [
    join(repository, '.cache/debian/docker.io/usr/bin/docker'),
    process.env.POUCH_TEST_DOCKER ?? '',
    ...onPath,
  ]
  const paths = new Set(wanted.filter((path) => path !== '' && existsSync(path)).map((path) => realpathSync(path)))
  if (paths.size === 0)
    throw new Error("these tests need a docker CLI: Debian's docker.io, one on PATH or in POUCH_TEST_DOCKER")
  return [...paths].map((path) => ({ path, version: versionOf(path) }))
}

/** A docker CLI against one daemon. */
export class DockerCli extends CommandLine {
  constructor(program: DockerProgram, address: string) {
    super([program.path], {
      DOCKER_HOST: address,
      DOCKER_CLI_HINTS: 'false',
      DOCKER_CONFIG: '/nonexistent',
      DOCKER_API_VERSION: undefined,
    })
  }
}

function versionOf(path: string): string {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const version = /version (\d+(?:\.\d+)+)/.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`${path} --version says '${stdout}'`)
  return version
}
