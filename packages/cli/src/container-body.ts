import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ContainerCreateBody } from '@pouch/api'
import { chosenStreams } from './chosen-streams.js'
import type { ContainerFlags } from './container-flags.js'
import { buildHostConfig } from './host-config.js'
import type { Io } from './io.js'
import { parseEnvFile, parseEnvFlag } from './parse/env.js'
import { parseLabels } from './parse/key-value.js'
import { parseExpose, parsePublishFlags } from './parse/publish-flag.js'
import { parseIntFlag } from './parse/quantity.js'
import { parseVolumeFlag } from './parse/volume-flag.js'

/**
 * Makes the body of a create from flags. Fields that were not given are left out, so that the daemon's defaults hold.
 *
 * @param detached whether nothing is attached, as with `run -d` and `create`
 * @throws PouchError `invalid-argument` naming the flag
 */
export async function buildContainerBody(
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
  io: Io,
  detached: boolean,
): Promise<ContainerCreateBody> {
  const streams = chosenStreams(flags, detached)
  const [env, labels] = await Promise.all([readEnv(flags, io), readLabels(flags, io)])
  const volumes = (flags.volume ?? []).map((text) => parseVolumeFlag(text, io.cwd))
  const anonymous = volumes.flatMap((volume) => (volume.kind === 'anonymous' ? [[volume.target, {}] as const] : []))
  const published = parsePublishFlags(flags.publish ?? [])
  const ports = [...Object.keys(published), ...(flags.expose ?? []).flatMap(parseExpose)]
  return {
    Image: image,
    ...(command.length === 0 ? {} : { Cmd: [...command] }),
    ...(flags.entrypoint === undefined ? {} : { Entrypoint: flags.entrypoint === '' ? [''] : [flags.entrypoint] }),
    ...texts({
      Hostname: flags.hostname,
      Domainname: flags.domainname,
      User: flags.user,
      WorkingDir: flags.workdir,
      StopSignal: flags.stopSignal,
    }),
    ...(flags.stopTimeout === undefined ? {} : { StopTimeout: parseIntFlag('--stop-timeout', flags.stopTimeout, -1) }),
    ...(env.length === 0 ? {} : { Env: env }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    ...(anonymous.length === 0 ? {} : { Volumes: Object.fromEntries(anonymous) }),
    ...(ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) }),
    Tty: flags.tty === true,
    OpenStdin: flags.interactive === true,
    StdinOnce: streams.stdin,
    AttachStdin: streams.stdin,
    AttachStdout: streams.stdout,
    AttachStderr: streams.stderr,
    HostConfig: buildHostConfig(flags, {
      cwd: io.cwd,
      binds: volumes.flatMap((volume) => (volume.kind === 'bind' ? [volume.spec] : [])),
      published,
    }),
  }
}

function texts<K extends string>(fields: Readonly<Record<K, string | undefined>>): Partial<Record<K, string>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
    Record<K, string>
  >
}

/** Files first, so that a flag wins. */
async function readEnv({ env = [], envFile = [] }: ContainerFlags, io: Io): Promise<string[]> {
  const files = await Promise.all(
    envFile.map(async (file) => parseEnvFile(await readFile(resolve(io.cwd, file), 'utf8'), file, io.env)),
  )
  return [...files.flat(), ...env.map((text) => parseEnvFlag(text, io.env))]
}

async function readLabels({ label = [], labelFile = [] }: ContainerFlags, io: Io): Promise<Record<string, string>> {
  const files = await Promise.all(
    labelFile.map(async (file) => parseEnvFile(await readFile(resolve(io.cwd, file), 'utf8'), file, {})),
  )
  return { ...parseLabels(files.flat(), '--label-file'), ...parseLabels(label) }
}
