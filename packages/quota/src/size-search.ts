/** What is looked for. */
export interface SizeQuest {
  /** What the filesystem is to show as its size, at least. */
  readonly wantedBytes: number
  /** The length to begin with. */
  readonly firstBytes: number
  /** What no file is shorter than. */
  readonly leastBytes: number
}

/** How far the size may be above what was asked for. */
export const sizeTolerance = 0.02
/** Aimed at: a part of what is wanted, so that one more try is seldom below it. */
const margin = 0.005
const patience = 8
const blockBytes = 4096

/**
 * Looks for the length of a file whose filesystem shows a size. What a filesystem keeps for itself is known once it is made, and grows in
 * steps: a longer file may show less. Lengths that were too short and long enough close in on one that suffices.
 */
export class SizeSearch {
  readonly #quest: SizeQuest
  #fileBytes: number
  #tooShort = 0
  #suffices: number | undefined
  #tries = 0

  constructor(quest: SizeQuest) {
    this.#quest = quest
    this.#fileBytes = this.#allowed(quest.firstBytes)
  }

  /** The length to try. */
  get fileBytes(): number {
    return this.#fileBytes
  }

  /** Takes what a file of that length shows, and goes to the next unless it is the one. */
  isFound(shownBytes: number): boolean {
    const { wantedBytes, leastBytes } = this.#quest
    const tried = this.#fileBytes
    this.#tries += 1
    if (shownBytes < wantedBytes) this.#tooShort = Math.max(tried, this.#tooShort)
    else if (shownBytes <= wantedBytes * (1 + sizeTolerance) || tried <= leastBytes || tried === this.#suffices)
      return true
    else this.#suffices = tried
    this.#fileBytes = this.#next(tried, shownBytes)
    return false
  }

  #next(tried: number, shownBytes: number): number {
    const suffices = this.#suffices
    const step = this.#quest.wantedBytes * (1 + margin) - shownBytes
    // What is far from it may be so for a step that each longer file meets again.
    if (suffices === undefined) return this.#allowed(tried + Math.max(step, 0) * Math.max(this.#tries - 2, 1))
    if (this.#tries >= patience || suffices - this.#tooShort <= blockBytes) return suffices
    const guess = this.#allowed(tried + step)
    const isBetween = guess > this.#tooShort && guess < suffices
    return isBetween ? guess : this.#allowed((this.#tooShort + suffices) / 2)
  }

  #allowed(bytes: number): number {
    return Math.max(Math.ceil(bytes / blockBytes) * blockBytes, this.#quest.leastBytes)
  }
}
