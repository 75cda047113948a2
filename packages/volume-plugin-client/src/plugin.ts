import { setTimeout as pause } from 'node:timers/promises'
import { abortError, PouchError } from '@pouch/errors'
import { failureOf } from './call-failures.js'
import { PluginActivation } from './plugin-activation.js'
import type { PluginAddress } from './plugin-address.js'
import { answerOf, isVolumePlugin, type PluginAnswer, scopeOf } from './plugin-answers.js'
import type { PluginCall, SentCall } from './plugin-call.js'
import { PluginConnection } from './plugin-connection.js'
import { isUnknownCall, PluginFailure } from './plugin-failure.js'
import type { CheckedTimeouts } from './plugin-timeouts.js'

/** What a {@link Plugin} is made of. */
export interface PluginParts {
  readonly name: string
  /** Tells where the plugin is now; asked before each activation, because a file may have changed. */
  readonly locate: () => Promise<PluginAddress>
  readonly timeouts: CheckedTimeouts
}

/**
 * One plugin: activated by the first call, and again by the next one after it could not be reached or broke off, which is what a
 * restart of it looks like from here.
 */
export class Plugin {
  readonly name: string
  readonly timeouts: CheckedTimeouts
  readonly #locate: () => Promise<PluginAddress>
  readonly #activation: PluginActivation<PluginConnection>
  #scope: 'local' | 'global' = 'local'
  #address = 'not looked for yet'

  constructor({ name, locate, timeouts }: PluginParts) {
    this.name = name
    this.timeouts = timeouts
    this.#locate = locate
    this.#activation = new PluginActivation(async (signal) => await this.#handshake(signal))
  }

  /** As the plugin told at its last activation; `local` until then. */
  get scope(): 'local' | 'global' {
    return this.#scope
  }

  /** Where it was found last, for people. */
  get address(): string {
    return this.#address
  }

  /**
   * Sends a request, and reads its answer with `read`, whose failures are those of the call. While the plugin cannot be reached it is tried
   * again as dockerd does: after pauses that double, as long as the next one ends within the call's patience. A try, with the handshake
   * that it may have to wait for, takes no longer than the call's time.
   *
   * @throws PluginFailure `unavailable`, `permission-denied`, `unsupported`, `timeout`, `aborted` or `internal`; its `outcome` tells
   *   what was done
   */
  async call<T>(call: PluginCall, read: (answer: PluginAnswer, sent: SentCall) => T): Promise<T> {
    const startedMs = performance.now()
    for (let delayMs = this.timeouts.firstRetryMs; ; delayMs *= 2) {
      try {
        return await this.#try(call, read)
      } catch (error) {
        if (!(error instanceof PluginFailure && error.isTransient)) throw error
        if (performance.now() - startedMs + delayMs >= (call.patienceMs ?? 0)) throw error
        await this.#pause(delayMs, call, error)
      }
    }
  }

  /** Activates the plugin, unless it is active. @throws PluginFailure, `unsupported` when it is no volume plugin */
  async activate(signal: AbortSignal): Promise<void> {
    const { otherMs: timeoutMs } = this.timeouts
    await this.#activated({ method: 'Plugin.Activate', timeoutMs, signal }, AbortSignal.timeout(timeoutMs))
  }

  /** Ends an activation that nobody waits for any more. Other calls are their callers'. */
  close(): void {
    this.#activation.close()
  }

  async #try<T>(call: PluginCall, read: (answer: PluginAnswer, sent: SentCall) => T): Promise<T> {
    const deadline = AbortSignal.timeout(call.timeoutMs)
    const connection = await this.#activated(call, deadline)
    try {
      return await this.#send(connection, call, read, deadline)
    } catch (error) {
      // Whatever it was that went wrong, another plugin may be there next time.
      if (!(error instanceof PluginFailure && error.outcome === 'refused')) this.#activation.forget(connection)
      throw error
    }
  }

  async #send<T>(
    connection: PluginConnection,
    call: PluginCall,
    read: (answer: PluginAnswer, sent: SentCall) => T,
    deadline = AbortSignal.timeout(call.timeoutMs),
  ): Promise<T> {
    const sent: SentCall = { ...call, deadline, plugin: this.name, address: connection.address.text }
    try {
      const body = call.body === undefined ? '' : `${JSON.stringify(call.body)}\n`
      const reply = await connection.post(`/${call.method}`, body, AbortSignal.any([call.signal, deadline]))
      return read(answerOf(reply, sent), sent)
    } catch (error) {
      throw failureOf(error, sent)
    }
  }

  /** Has no signal of a caller's: it is made for all of them. */
  async #handshake(signal: AbortSignal): Promise<PluginConnection> {
    try {
      const address = await this.#locate()
      this.#address = address.text
      const connection = await PluginConnection.open(address)
      const timing = { timeoutMs: this.timeouts.otherMs, signal }
      const isFit = await this.#send(connection, { method: 'Plugin.Activate', ...timing }, isVolumePlugin)
      if (!isFit) throw this.#otherKind()
      this.#scope = await this.#askScope(connection, signal)
      return connection
    } catch (error) {
      throw this.#notSent(error)
    }
  }

  /**
   * A plugin that does not know the question has volumes of this host. One that fails to answer has not changed for that: what it told
   * before holds.
   */
  async #askScope(connection: PluginConnection, signal: AbortSignal): Promise<'local' | 'global'> {
    const call = {
      method: 'VolumeDriver.Capabilities',
      body: {},
      timeoutMs: this.timeouts.otherMs,
      signal,
    }
    try {
      return await this.#send(connection, call, scopeOf)
    } catch (error) {
      if (isUnknownCall(error)) return 'local'
      if (error instanceof PluginFailure && error.outcome !== 'nothing') return this.#scope
      throw error
    }
  }

  /** Whatever became of a handshake, nothing was done that somebody asked for. */
  #notSent(thrown: unknown): PluginFailure {
    const error = PouchError.from(thrown)
    const { message, op, details } = error
    const isKept = error.code === 'unsupported' || error.code === 'permission-denied'
    // A plugin that starts anew takes its socket away for a moment.
    const isTransient = thrown instanceof PluginFailure ? thrown.isTransient : error.code === 'unavailable'
    const about = { op, subject: this.name, details, cause: thrown }
    return new PluginFailure(isKept ? error.code : 'unavailable', message, {
      ...about,
      outcome: 'nothing',
      isTransient,
    })
  }

  #otherKind(): PouchError {
    const text = `the plugin ${this.name} (${this.#address}) is none for volumes: it does not implement VolumeDriver`
    return new PouchError('unsupported', text, { op: 'plugin.Plugin.Activate', subject: this.name })
  }

  /** What is shared by several callers goes on when one of them leaves. */
  #activated(call: PluginCall, deadline: AbortSignal): Promise<PluginConnection> {
    const { signal } = call
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.aborted ? this.#left(call) : this.#late(call))
      if (signal.aborted) leave()
      for (const end of [signal, deadline]) end.addEventListener('abort', leave, { once: true })
      const settled = () => [signal, deadline].forEach((end) => void end.removeEventListener('abort', leave))
      this.#activation.get().finally(settled).then(resolve, reject)
    })
  }

  /** @param failure why there is a pause; to whoever runs out of time in it, that is what went wrong */
  async #pause(delayMs: number, call: PluginCall, failure: PluginFailure): Promise<void> {
    try {
      await pause(delayMs, undefined, { signal: call.signal })
    } catch {
      // The only failure of a pause is that its signal fired.
      const left = this.#left(call)
      throw left.code === 'timeout' ? failure : left
    }
  }

  #late({ method, subject, timeoutMs }: PluginCall): PluginFailure {
    const why = `which did not answer its activation within ${timeoutMs} ms: see whether the plugin hangs`
    return new PluginFailure('unavailable', `${this.#notReady(method)}, ${why}`, {
      op: `plugin.${method}`,
      subject: subject ?? this.name,
      outcome: 'nothing',
    })
  }

  #left({ method, subject, signal }: PluginCall): PluginFailure {
    const { code, message } = abortError(signal)
    const text = `${this.#notReady(method)}, which was not ready yet: ${message}`
    const about = { op: `plugin.${method}`, subject: subject ?? this.name, cause: signal.reason }
    return new PluginFailure(code, text, { ...about, outcome: 'nothing' })
  }

  #notReady(method: string): string {
    return `${method} was not sent to volume plugin ${this.name} (${this.#address})`
  }
}
