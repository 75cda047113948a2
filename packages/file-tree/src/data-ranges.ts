const pageBytes = 4096
const zeros = Buffer.alloc(pageBytes)

/** What is left of a piece of a file without its pages of zeros. */
export function* dataRanges(piece: Buffer): Generator<{ readonly start: number; readonly end: number }> {
  let start = 0
  for (let at = 0; at < piece.length; at += pageBytes) {
    const page = piece.subarray(at, at + pageBytes)
    if (!page.equals(zeros.subarray(0, page.length))) continue
    if (at > start) yield { start, end: at }
    start = at + page.length
  }
  if (start < piece.length) yield { start, end: piece.length }
}
