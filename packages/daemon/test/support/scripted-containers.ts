import { PassThrough, type Writable } from 'node:stream'
import type { AttachedStreams, Container, ContainerManager, Exec, OutputChunk } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'

/** What one attach or exec is to be. */
export interface Script {
  readonly tty?: boolean
  readonly status?: string
  /** What the process writes; it gets what its stdin brings. */
  run(stdin: AsyncIterable<Buffer>): AsyncIterable<OutputChunk>
  /** Instead of running: the start fails. */
  readonly failure?: PouchError
}

/** Stands in for the container manager where only the bytes between it and HTTP are looked at. */
export class ScriptedContainers {
  readonly closed: string[] = []
  readonly options: object[] = []
  readonly #scripts = new Map<string, Script>()

  add(id: string, script: Script): void {
    this.#scripts.set(id, script)
  }

  /** As the daemon takes it. */
  get manager(): ContainerManager {
    const get = (id: string) =>
      ({ id, state: { status: this.#script(id).status ?? 'running' } }) as unknown as Container
    const execs = {
      get: (id: string) => ({ id, script: this.#script(id) }) as unknown as Exec,
      start: async (id: string, options: { detach?: boolean; tty?: boolean }) => {
        this.options.push(options)
        const { failure } = this.#script(id)
        if (failure !== undefined) throw failure
        return options.detach === true ? undefined : this.#open(id, true, options.tty === true)
      },
    }
    const attach = async (id: string, options: { stdin?: boolean }) => {
      this.options.push(options)
      return this.#open(id, options.stdin === true, this.#script(id).tty === true)
    }
    return { list: () => [], get, attach, execs } as unknown as ContainerManager
  }

  #script(id: string): Script {
    const script = this.#scripts.get(id)
    if (script === undefined) throw new PouchError('not-found', 'nothing of this name', { op: 'test' })
    return script
  }

  #open(id: string, withStdin: boolean, tty: boolean): AttachedStreams {
    const stdin: PassThrough = new PassThrough()
    const output = this.#script(id).run(stdin)
    const close = () => {
      this.closed.push(id)
      stdin.destroy()
    }
    return { tty, output, close, detached: false, ...(withStdin ? { stdin: stdin as Writable } : {}) }
  }
}
