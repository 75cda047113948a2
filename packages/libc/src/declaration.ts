/**
 * A C function, in koffi's type words: `{ returns: 'int', args: ['int', 'ulong', 'void *'] }`.
 *
 * A `void *` takes a `Buffer`, which the function reads and writes in place; `str` takes a string. A variadic function is
 * declared with the arguments that are passed.
 */
export interface Declaration {
  /** `int`, `long`, `int64`, `void *`, `void`. An integer of -1 and a pointer that is null are failures. */
  readonly returns: string
  readonly args: readonly string[]
  /** The symbol of the library, where it is not the name of the declaration. */
  readonly symbol?: string | undefined
}

/** Declarations by name. */
export type Declarations = Readonly<Record<string, Declaration>>

/** What a C function takes. A 64-bit number above `Number.MAX_SAFE_INTEGER` has to be a bigint. */
export type Argument = number | bigint | string | Uint8Array | null

/** What a C function answered. */
export interface Outcome {
  /** Its return value. A 64-bit value that a number holds exactly is a number, any other a bigint; `void` is 0. */
  readonly value: number | bigint
  /** The errno's name (`ENOENT`) where the function failed, which is told by -1 or a null pointer; else `undefined`. */
  readonly errno: string | undefined
}

/** A C function that is ready to be called. It never throws for a failure of the function, only for arguments of a wrong type. */
export interface BoundFunction {
  /** Calls it on this thread, which waits. For what is done in an instant. */
  (...args: readonly Argument[]): Outcome
  /**
   * Calls it on a thread of libuv's pool; for what may wait for a disk. The buffers belong to the function until it has answered.
   * A call cannot be ended, and four that hang occupy the pool (`UV_THREADPOOL_SIZE`).
   */
  async(...args: readonly Argument[]): Promise<Outcome>
}

/** The functions of some declarations, by the same names. */
export type Bound<D extends Declarations> = { readonly [Name in keyof D]: BoundFunction }
