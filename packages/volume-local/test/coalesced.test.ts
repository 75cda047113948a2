import { describe, expect, it } from 'vitest'
import { coalesced } from '../src/coalesced.js'

describe('a coalesced reading', () => {
  it('answers with one that began after the question, and shares it with those who asked meanwhile', async () => {
    const ends: ((value: number) => void)[] = []
    const read = coalesced(() => new Promise<number>((resolve) => ends.push(resolve)))
    const first = read()
    const during = [read(), read(), read()]
    expect(ends).toHaveLength(1)
    ends[0]?.(1)
    expect(await first).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(ends).toHaveLength(2)
    ends[1]?.(2)
    expect(await Promise.all(during)).toEqual([2, 2, 2])
    const later = read()
    ends[2]?.(3)
    expect(await later).toBe(3)
  })

  it('fails for those who asked for the one that failed, and not for the next', async () => {
    let count = 0
    const read = coalesced(async () => {
      count += 1
      if (count === 1) throw new Error('no')
      return 'yes'
    })
    const [one, other] = [read(), read()]
    await expect(one).rejects.toThrow('no')
    expect(await other).toBe('yes')
    expect(await read()).toBe('yes')
  })
})
