import { PouchError } from '@pouch/errors'

const controls: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 }

/** Reads `ctrl-p,ctrl-q` or `a,b`. @returns the bytes @throws PouchError `invalid-argument` */
export function parseDetachKeys(keys: string): Buffer {
  return Buffer.from(keys.split(',').map((key) => keyByte(key, keys)))
}

function keyByte(key: string, keys: string): number {
  if (/^[a-zA-Z]$/.test(key)) return key.charCodeAt(0)
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key.toLowerCase())?.[1]
  if (control !== undefined) return controls[control] ?? control.charCodeAt(0) - 96
  throw new PouchError('invalid-argument', `Invalid detach keys (${keys}) provided`, {
    op: 'container.attach',
    subject: keys,
  })
}

/** Looks for the detach keys in what is typed. Keys that could be their beginning are held back until it is clear. */
export class DetachFilter {
  readonly #keys: Buffer
  #matched = 0

  constructor(keys: Buffer) {
    this.#keys = keys
  }

  /** @returns what is to be sent on, or `undefined` when the sequence is complete */
  filter(bytes: Buffer): Buffer | undefined {
    const out: number[] = []
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1
        if (this.#matched === this.#keys.length) return undefined
        continue
      }
      out.push(...this.#keys.subarray(0, this.#matched))
      this.#matched = byte === this.#keys[0] ? 1 : 0
      if (this.#matched === 0) out.push(byte)
    }
    return Buffer.from(out)
  }
}
