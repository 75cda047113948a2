import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ExecCreateBody } from '@pouch/api'
import { isPouchError } from '@pouch/errors'
import { exitCodes, reportFailure } from '../failure.js'
import { type Io, isTerminal, write } from '../io.js'
import { parseEnvFile, parseEnvFlag } from '../parse/env.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { connectStreams } from '../terminal/connect.js'
import { windowSize } from '../terminal/window.js'

/** The flags of `pouch exec`. */
export interface ExecFlags {
  readonly detach?: boolean
  readonly detachKeys?: string
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly interactive?: boolean
  readonly privileged?: boolean
  readonly tty?: boolean
  readonly user?: string
  readonly workdir?: string
}

/** `pouch exec`: runs a command in a container, and returns its exit code. */
export async function exec(
  session: Session,
  name: string,
  command: readonly string[],
  flags: ExecFlags,
): Promise<number> {
  const { client, io } = session
  const stdin = flags.interactive === true && flags.detach !== true
  if (flags.tty === true && stdin && !isTerminal(io.stdin)) {
    throw usageError('--tty', 'true', 'the input device is not a terminal; leave -t out when input is piped')
  }
  const id = await client.execs.create(name, await bodyOf(command, flags, io, stdin))
  if (flags.detach === true) {
    await client.execs.startDetached(id, { tty: flags.tty === true })
    return 0
  }
  return runConnected(session, id, flags, stdin)
}

async function runConnected({ client, io }: Session, id: string, flags: ExecFlags, stdin: boolean): Promise<number> {
  const size = flags.tty === true ? windowSize(io.stdout) : undefined
  try {
    using streams = await client.execs.start(id, { tty: flags.tty === true, ...(size === undefined ? {} : { size }) })
    const resize = (now: { readonly width: number; readonly height: number }) => client.execs.resize(id, now)
    const outcome = await connectStreams(streams, io, { stdin, detachKeys: flags.detachKeys, resize })
    if (outcome === 'detached') {
      await write(io.stderr, 'read escape sequence\n')
      return 0
    }
  } catch (error) {
    await reportFailure(error, io)
    const told = isPouchError(error) ? error.details.exitCode : undefined
    return typeof told === 'number' ? told : exitCodes.failed
  }
  return (await client.execs.inspect(id)).ExitCode ?? 0
}

async function bodyOf(command: readonly string[], flags: ExecFlags, io: Io, stdin: boolean): Promise<ExecCreateBody> {
  const attached = flags.detach !== true
  const files = await Promise.all(
    (flags.envFile ?? []).map(async (file) =>
      parseEnvFile(await readFile(resolve(io.cwd, file), 'utf8'), file, io.env),
    ),
  )
  const env = [...files.flat(), ...(flags.env ?? []).map((text) => parseEnvFlag(text, io.env))]
  return {
    Cmd: [...command],
    Tty: flags.tty === true,
    AttachStdin: stdin,
    AttachStdout: attached,
    AttachStderr: attached,
    Privileged: flags.privileged === true,
    ...(env.length === 0 ? {} : { Env: env }),
    ...(flags.user === undefined ? {} : { User: flags.user }),
    ...(flags.workdir === undefined ? {} : { WorkingDir: flags.workdir }),
    ...(flags.detachKeys === undefined ? {} : { DetachKeys: flags.detachKeys }),
  }
}
