import assert from 'node:assert/strict'
import type { PluginWire, WireAnswer } from './plugin-wire.js'

/** Volumes of one check, made over the wire, and taken away again by {@link clear}. */
export class WireStage {
  readonly wire: PluginWire
  readonly #prefix: string
  readonly #options: Readonly<Record<string, string>> | null
  readonly #names = new Set<string>()
  readonly #mounts = new Map<string, Set<string>>()

  constructor(wire: PluginWire, prefix: string, options: Readonly<Record<string, string>>) {
    this.wire = wire
    this.#prefix = prefix
    // Where there are no options dockerd sends null.
    this.#options = Object.keys(options).length === 0 ? null : options
  }

  /** A name of the check's own. */
  name(name: string): string {
    return `${this.#prefix}${name}`
  }

  async create(name: string): Promise<WireAnswer> {
    this.#names.add(name)
    return await this.wire.call('Create', { Name: this.name(name), Opts: this.#options })
  }

  /** Makes a volume, which has to work. */
  async made(name: string): Promise<void> {
    assertDone(await this.create(name), 'Create')
  }

  async remove(name: string): Promise<WireAnswer> {
    return await this.wire.call('Remove', { Name: this.name(name) })
  }

  async get(name: string): Promise<WireAnswer> {
    return await this.wire.call('Get', { Name: this.name(name) })
  }

  async mount(name: string, id: string): Promise<WireAnswer> {
    const answer = await this.wire.call('Mount', { Name: this.name(name), ID: id })
    const ids = this.#mounts.get(name) ?? new Set()
    if (answer.error === '') this.#mounts.set(name, ids.add(id))
    return answer
  }

  /** Mounts a volume, which has to work. @returns the mount point */
  async mounted(name: string, id: string): Promise<string> {
    const answer = await this.mount(name, id)
    assertDone(answer, 'Mount')
    const point = answer.json?.Mountpoint
    assert.ok(
      typeof point === 'string' && point.startsWith('/'),
      `Mount answered no absolute Mountpoint: ${answer.text}`,
    )
    return point
  }

  async unmount(name: string, id: string): Promise<WireAnswer> {
    this.#mounts.get(name)?.delete(id)
    return await this.wire.call('Unmount', { Name: this.name(name), ID: id })
  }

  /** Takes away what a check left. What a plugin refuses now is told by the last check, which looks for what is left. */
  async clear(): Promise<void> {
    for (const [name, ids] of this.#mounts) for (const id of [...ids]) await this.unmount(name, id)
    for (const name of this.#names) await this.remove(name)
  }
}

/** Asserts that a plugin did what it was asked. */
export function assertDone(answer: WireAnswer, method: string): void {
  assert.equal(answer.error, '', `${method} failed with ${answer.status}`)
  assert.equal(answer.status, 200, `${method} answered no error, and a status that is not 200`)
  assert.ok(answer.json !== undefined, `${method} answered no JSON object: ${answer.text.slice(0, 200)}`)
}

/** Asserts that a plugin said in a way that dockerd understands that it did not. */
export function assertRefused(answer: WireAnswer, what: string): void {
  assert.notEqual(answer.error, '', what)
}
