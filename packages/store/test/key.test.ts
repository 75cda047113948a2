import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { compareKeys, prefixEnd } from '../src/key.js'

const alphabet = [
  'a',
  'b',
  '\u007f',
  '\u00ff',
  '\ud7fe',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10fffe}',
  '\u{10ffff}',
]

/** Every text of up to three of the characters above. */
const texts = ['', ...alphabet].flatMap((a) =>
  ['', ...alphabet].flatMap((b) => ['', ...alphabet].map((c) => a + b + c)),
)
const keys = [...new Set(texts)]

describe('the order of keys', () => {
  it('is that of their UTF-8 bytes', () => {
    const byBytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual([...keys].sort(compareKeys), byBytes)
  })

  it('has every key with a prefix, and no other, between the prefix and its end', () => {
    for (const prefix of keys.filter((key) => [...key].length <= 2)) {
      const end = prefixEnd(prefix)
      const between = keys.filter(
        (key) => compareKeys(key, prefix) >= 0 && (end === undefined || compareKeys(key, end) < 0),
      )
      assert.deepEqual(
        between,
        keys.filter((key) => key.startsWith(prefix)),
        JSON.stringify(prefix),
      )
    }
  })
})
