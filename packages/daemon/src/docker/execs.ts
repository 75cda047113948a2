import type { ExecCreateBody, ExecInspect } from '@pouch/api'
import type { Exec } from '@pouch/container-manager'
import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import type { Handlers, RouteCall } from '../http/route.js'
import { terminalSize } from './containers.js'
import { findContainer, findExec } from './find-container.js'

/** Docker's routes of execs, but for their start. */
export function execHandlers(engine: Engine): Handlers {
  return {
    ContainerExec: (call) => create(engine, call),
    ExecResize: async (call) => {
      await engine.containers.execs.resize(findExec(engine, call.params.id ?? '').id, terminalSize(call))
      return undefined
    },
    ExecInspect: ({ params }) => execJson(findExec(engine, params.id ?? '')),
  }
}

async function create(engine: Engine, call: RouteCall): Promise<{ Id: string }> {
  const container = findContainer(engine, call.params.id ?? '')
  const body = (call.body ?? {}) as ExecCreateBody
  const command = typeof body.Cmd === 'string' ? [body.Cmd] : (body.Cmd ?? [])
  if (command.length === 0) throw new PouchError('invalid-argument', 'No exec command specified', { op: 'exec.create' })
  const [height, width] = body.ConsoleSize ?? []
  const id = await engine.containers.execs.create(container.id, {
    command,
    env: body.Env,
    user: body.User || undefined,
    workingDir: body.WorkingDir || undefined,
    tty: body.Tty,
    privileged: body.Privileged,
    attachStdin: body.AttachStdin,
    attachStdout: body.AttachStdout,
    attachStderr: body.AttachStderr,
    detachKeys: body.DetachKeys || undefined,
    ...(height && width ? { consoleSize: { height, width } } : {}),
  })
  return { Id: id }
}

function execJson(exec: Exec): ExecInspect {
  const { config } = exec
  const [entrypoint = '', ...rest] = config.command
  return {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: config.tty === true,
      entrypoint,
      arguments: rest,
      privileged: config.privileged === true,
      ...(config.user === undefined ? {} : { user: config.user }),
    },
    OpenStdin: config.attachStdin === true,
    OpenStderr: config.attachStderr === true,
    OpenStdout: config.attachStdout === true,
    CanRemove: !exec.running && exec.exitCode !== undefined,
    ContainerID: exec.containerId,
    DetachKeys: config.detachKeys ?? '',
    Pid: exec.pid,
  }
}
