import { describe, expect, it } from 'vitest'
import { SizeSearch } from '../src/size-search.js'

const mebibyte = 2 ** 20

/** What it comes to when a file of so many bytes shows as much as `shows` says. */
function found(wantedBytes: number, firstBytes: number, shows: (fileBytes: number) => number, leastBytes = 0) {
  const search = new SizeSearch({ wantedBytes, firstBytes, leastBytes })
  let tries = 1
  while (!search.isFound(shows(search.fileBytes))) tries += 1
  return { shown: shows(search.fileBytes), fileBytes: search.fileBytes, tries }
}

describe('the search for the length of an image', () => {
  it.each([
    ['less than is kept', 0.5],
    ['much too long', 3],
  ])('ends little above what is wanted, from a guess of %s', (_, factor) => {
    for (let wanted = 4 * mebibyte; wanted < 2 ** 40; wanted *= 1.7) {
      const { shown, tries } = found(Math.round(wanted), wanted * factor, (bytes) => bytes * 0.97 - mebibyte)
      expect(shown).toBeGreaterThanOrEqual(Math.round(wanted))
      expect(shown).toBeLessThan(wanted * 1.02 + 4096)
      expect(tries).toBeLessThan(6)
    }
  })

  it('gets over a place where a longer file shows less', () => {
    const stepped = (at: number, by: number) => (bytes: number) =>
      bytes < at ? bytes - mebibyte : bytes - mebibyte - by
    for (let at = 38; at < 48; at += 0.125) {
      for (const by of [0.25, 0.7, 3]) {
        const { shown } = found(40 * mebibyte, 46 * mebibyte, stepped(at * mebibyte, by * mebibyte))
        expect(shown).toBeGreaterThanOrEqual(40 * mebibyte)
        expect(shown).toBeLessThan(42 * mebibyte)
      }
    }
  })

  it('ends at the first that suffices where nothing comes closer', () => {
    const wide = (bytes: number) => (bytes < 64 * mebibyte ? 0 : bytes)
    const { shown, tries } = found(40 * mebibyte, 46 * mebibyte, wide)
    expect(shown).toBeGreaterThanOrEqual(64 * mebibyte)
    expect(shown).toBeLessThan(100 * mebibyte)
    expect(tries).toBeLessThan(20)
  })

  it('goes not below the least', () => {
    expect(found(40 * mebibyte, 400 * mebibyte, (bytes) => bytes, 300 * mebibyte).fileBytes).toBe(300 * mebibyte)
  })
})
