/** What every method takes as its last argument. */
export interface Call {
  /** Ends the call: it rejects with `aborted`, or with `timeout` when the signal is a deadline's. */
  readonly signal?: AbortSignal | undefined
  /** The id of a lease that holds what the call makes until the lease is deleted. */
  readonly lease?: string | undefined
  /** The deadline of this call. 0 means none. Without it: the client's, and none for calls that wait or stream. */
  readonly timeoutMs?: number | undefined
}
