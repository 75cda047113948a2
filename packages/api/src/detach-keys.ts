import { PouchError } from '@pouch/errors'

/** The keys that leave a container's terminal while it runs on, unless others are given. */
export const defaultDetachKeys = 'ctrl-p,ctrl-q'

/**
 * Reads detach keys: a comma list of letters and `ctrl-<key>`, the key one of `a-z @ [ \ ] ^ _`.
 *
 * @param text empty means {@link defaultDetachKeys}
 * @returns the bytes that a terminal sends for them, in order
 * @throws PouchError `invalid-argument` with Docker's words
 */
export function parseDetachKeys(text: string = defaultDetachKeys): Uint8Array {
  return Uint8Array.from((text === '' ? defaultDetachKeys : text).split(','), (key) => byteOf(key, text))
}

/**
 * Watches a terminal's input for the detach keys. Bytes that begin the sequence are held back until it is known whether
 * it goes on; when it does not they are handed over with what followed.
 */
export class DetachScanner {
  readonly #keys: Uint8Array
  #matched = 0

  /** @param keys what {@link parseDetachKeys} gave */
  constructor(keys: Uint8Array) {
    this.#keys = keys
  }

  /** @returns what is to be passed on, and whether the sequence was completed; bytes after it are dropped */
  scan(input: Uint8Array): { readonly data: Uint8Array; readonly detached: boolean } {
    const out: number[] = []
    for (const byte of input) {
      if (byte !== this.#keys[this.#matched]) this.#flush(out)
      if (byte !== this.#keys[this.#matched]) {
        out.push(byte)
        continue
      }
      this.#matched += 1
      if (this.#matched === this.#keys.length) {
        this.#matched = 0
        return { data: Uint8Array.from(out), detached: true }
      }
    }
    return { data: Uint8Array.from(out), detached: false }
  }

  #flush(out: number[]): void {
    out.push(...this.#keys.subarray(0, this.#matched))
    this.#matched = 0
  }
}

function byteOf(key: string, text: string): number {
  if (/^[a-zA-Z]$/.test(key)) return key.charCodeAt(0)
  const match = /^ctrl-([a-z@[\\\]^_])$/.exec(key)
  const byte = match?.[1]?.charCodeAt(0)
  if (byte !== undefined) return byte & 0x1f
  throw new PouchError(
    'invalid-argument',
    `Invalid detach keys (${text}) provided: write letters or ctrl-<key>, separated by commas`,
    {
      op: 'api.detachKeys',
      subject: text,
    },
  )
}
