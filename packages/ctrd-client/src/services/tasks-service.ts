import { constants } from 'node:os'
import { PouchError } from '@pouch/errors'
import { undefinedIfAbsent } from '../absent.js'
import { type Any, fromWireAny, toWireAny } from '../any.js'
import type { Call } from '../call.js'
import { toWireDescriptor } from '../descriptor.js'
import { TasksService as wire } from '../gen/tasks.js'
import { toWireMount } from '../mount.js'
import { present } from '../present.js'
import type { ServiceContext } from '../service-context.js'
import type { ExecOptions, Exit, NewTask, TaskInfo, TaskMetric, TaskProcess } from '../task.js'
import { fromWireProcess, toExit, toWireStreams } from '../task.js'
import { toRfc3339 } from '../timestamp.js'

/**
 * Processes of containers. The order of a life: create (the process is there and waits), wait (before start, so that
 * no exit is missed), start, and when wait has answered, delete. An exec goes the same way, with its execId.
 */
export class TasksService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /**
   * Makes the container's first process, held before its exec.
   *
   * @throws PouchError `already-exists`; `not-found` for the container; `internal` for a command that cannot be run
   */
  async create(task: NewTask, call?: Call): Promise<{ pid: number }> {
    const name = { op: 'tasks.create', doing: 'create the task of', subject: task.containerId }
    const request = {
      containerId: task.containerId,
      rootfs: task.rootfs.map(toWireMount),
      ...toWireStreams(task),
      ...(task.options && { options: toWireAny(task.options) }),
      ...(task.checkpoint && { checkpoint: toWireDescriptor(task.checkpoint) }),
    }
    const answer = await this.#context.unary(wire.create, request, name, call)
    return { pid: answer.pid ?? 0 }
  }

  /**
   * Lets the process, or the exec, run.
   *
   * @throws PouchError `not-found`; `internal` for an exec whose command cannot be run (only the text tells why)
   */
  async start(containerId: string, execId?: string, call?: Call): Promise<{ pid: number }> {
    const name = { op: 'tasks.start', doing: 'start', subject: subjectOf(containerId, execId) }
    const answer = await this.#context.unary(wire.start, { containerId, execId: execId ?? '' }, name, call)
    return { pid: answer.pid ?? 0 }
  }

  /**
   * Removes a task that has stopped, and its shim.
   *
   * @throws PouchError `not-found`; `internal` while it runs (1.6 has no code for it; ask `get` first)
   */
  async delete(containerId: string, call?: Call): Promise<Exit> {
    const name = { op: 'tasks.delete', doing: 'delete the task of', subject: containerId }
    return toExit(await this.#context.unary(wire.delete, { containerId }, name, call))
  }

  /** Removes an exec that has stopped. @throws PouchError as `delete` */
  async deleteExec(containerId: string, execId: string, call?: Call): Promise<Exit> {
    const name = { op: 'tasks.deleteExec', doing: 'delete the exec', subject: subjectOf(containerId, execId) }
    return toExit(await this.#context.unary(wire.deleteProcess, { containerId, execId }, name, call))
  }

  /**
   * Sends a signal, by number or by name (`SIGTERM`).
   *
   * @param options `execId`: to an exec; `all`: to every process of the container
   * @throws PouchError `not-found` when the process is gone; `invalid-argument` for an unknown signal
   */
  async kill(
    containerId: string,
    signal: number | NodeJS.Signals,
    options: { readonly execId?: string | undefined; readonly all?: boolean | undefined } = {},
    call?: Call,
  ): Promise<void> {
    const name = {
      op: 'tasks.kill',
      doing: `send signal ${signal} to`,
      subject: subjectOf(containerId, options.execId),
    }
    const number = signalNumber(signal, name.subject)
    const request = { containerId, execId: options.execId ?? '', signal: number, all: options.all ?? false }
    await this.#context.unary(wire.kill, request, name, call)
  }

  /**
   * Resolves when the process has ended, at once if it has. No default deadline.
   *
   * @throws PouchError `not-found`; `unavailable` or `aborted` when containerd went away: wait again once it is back
   */
  async wait(containerId: string, execId?: string, call?: Call): Promise<Exit> {
    const name = { op: 'tasks.wait', doing: 'wait for', subject: subjectOf(containerId, execId) }
    return toExit(await this.#context.unary(wire.wait, { containerId, execId: execId ?? '' }, name, call, 'none'))
  }

  /** One process; undefined when there is no such task or exec. */
  async get(containerId: string, execId?: string, call?: Call): Promise<TaskInfo | undefined> {
    const name = { op: 'tasks.get', doing: 'look up the task of', subject: subjectOf(containerId, execId) }
    const request = { containerId, execId: execId ?? '' }
    const answer = await undefinedIfAbsent(this.#context.unary(wire.get, request, name, call))
    return answer && fromWireProcess(present(answer.process, 'process'))
  }

  /** The tasks of this namespace. */
  async list(filter = '', call?: Call): Promise<TaskInfo[]> {
    const name = { op: 'tasks.list', doing: 'list the tasks' }
    const answer = await this.#context.unary(wire.list, { filter }, name, call)
    return (answer.tasks ?? []).map(fromWireProcess)
  }

  /** Adds a process to a running container; `start` with its execId lets it run. @throws PouchError `already-exists` */
  async exec(options: ExecOptions, call?: Call): Promise<void> {
    const subject = subjectOf(options.containerId, options.execId)
    const request = {
      containerId: options.containerId,
      execId: options.execId,
      ...toWireStreams(options),
      spec: toWireAny(options.spec),
    }
    await this.#context.unary(wire.exec, request, { op: 'tasks.exec', doing: 'add the exec', subject }, call)
  }

  /** Sets the size of the terminal, in characters. */
  async resizePty(
    containerId: string,
    options: { readonly execId?: string | undefined; readonly width: number; readonly height: number },
    call?: Call,
  ): Promise<void> {
    const subject = subjectOf(containerId, options.execId)
    const name = { op: 'tasks.resizePty', doing: 'resize the terminal of', subject }
    const width = assertUint16(options.width, 'width', subject)
    const height = assertUint16(options.height, 'height', subject)
    await this.#context.unary(wire.resizePty, { containerId, execId: options.execId ?? '', width, height }, name, call)
  }

  /** Ends the process's stdin. Needed beside closing the FIFO: the shim holds a writer of its own. */
  async closeIO(
    containerId: string,
    options: { readonly execId?: string | undefined } = {},
    call?: Call,
  ): Promise<void> {
    const name = { op: 'tasks.closeIO', doing: 'close stdin of', subject: subjectOf(containerId, options.execId) }
    await this.#context.unary(wire.closeIo, { containerId, execId: options.execId ?? '', stdin: true }, name, call)
  }

  /** Freezes every process of the container. */
  async pause(containerId: string, call?: Call): Promise<void> {
    const name = { op: 'tasks.pause', doing: 'pause', subject: containerId }
    await this.#context.unary(wire.pause, { containerId }, name, call)
  }

  /** Undoes `pause`. */
  async resume(containerId: string, call?: Call): Promise<void> {
    const name = { op: 'tasks.resume', doing: 'resume', subject: containerId }
    await this.#context.unary(wire.resume, { containerId }, name, call)
  }

  /** The ids of the container's processes, as the host sees them. */
  async pids(containerId: string, call?: Call): Promise<number[]> {
    const processes = await this.processes(containerId, call)
    return processes.map(({ pid }) => pid)
  }

  /** The container's processes, with what the runtime tells of each. */
  async processes(containerId: string, call?: Call): Promise<TaskProcess[]> {
    const name = { op: 'tasks.processes', doing: 'list the processes of', subject: containerId }
    const answer = await this.#context.unary(wire.listPids, { containerId }, name, call)
    return (answer.processes ?? []).map(({ pid, info }) => ({
      pid: pid ?? 0,
      ...(info && { info: fromWireAny(info) }),
    }))
  }

  /** Changes the limits of a running container: OCI's LinuxResources, `typeUrls.linuxResources`. */
  async update(containerId: string, resources: Any, call?: Call): Promise<void> {
    const name = { op: 'tasks.update', doing: 'change the limits of', subject: containerId }
    await this.#context.unary(
      wire.update,
      { containerId, resources: toWireAny(resources), annotations: {} },
      name,
      call,
    )
  }

  /** What the tasks that match any of the filters (`id==x`) use, as cgroup v1 or v2 messages. */
  async metrics(filters: readonly string[] = [], call?: Call): Promise<TaskMetric[]> {
    const name = { op: 'tasks.metrics', doing: 'measure the tasks' }
    const answer = await this.#context.unary(wire.metrics, { filters: [...filters] }, name, call)
    return (answer.metrics ?? []).map(({ id, timestamp, data }) => ({
      id: id ?? '',
      timestamp: toRfc3339(timestamp) ?? '',
      data: fromWireAny(data),
    }))
  }
}

function subjectOf(containerId: string, execId: string | undefined): string {
  return execId === undefined || execId === '' ? containerId : `${containerId}/${execId}`
}

function signalNumber(signal: number | NodeJS.Signals, subject: string): number {
  const number = typeof signal === 'number' ? signal : constants.signals[signal]
  if (Number.isInteger(number) && number >= 0 && number <= 64) return number
  throw new PouchError('invalid-argument', `${signal} is not a signal`, { op: 'containerd.tasks.kill', subject })
}

function assertUint16(value: number, what: string, subject: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= 65535) return value
  const message = `the ${what} of a terminal is a whole number up to 65535, not ${value}`
  throw new PouchError('invalid-argument', message, { op: 'containerd.tasks.resizePty', subject })
}
