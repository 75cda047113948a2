/** One request to a plugin, and how much trouble is taken. */
export interface PluginCall {
  /** `VolumeDriver.Get`. */
  readonly method: string
  /** Absent where nothing is sent with it. */
  readonly body?: object
  /** What it is about, for errors: a volume's name. */
  readonly subject?: string | undefined
  readonly timeoutMs: number
  /** The caller's. */
  readonly signal: AbortSignal
  /** Whether it changes something, so that nobody knows what was done when it is cut off. */
  readonly changes?: boolean
  /** The pauses between tries of a plugin that cannot be reached end within this, from the first try on; absent for one try. */
  readonly patienceMs?: number
}

/** A request that was made, for the errors that it may end in. */
export interface SentCall extends PluginCall {
  readonly plugin: string
  /** Where the plugin is, as a person would write it. */
  readonly address: string
  /** Fires when the call has taken too long. */
  readonly deadline: AbortSignal
}

/** The first words of what an error says about a call. */
export function wordsOf({ method, plugin, address, subject }: SentCall): string {
  return `${method}${subject === undefined ? '' : ` of ${subject}`} by volume plugin ${plugin} (${address})`
}
