// Sums of a row of measurements, and how they are printed.

/** @param {number[]} values @param {number} share 0.5 for the median */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/** The time that `body` takes, in milliseconds. */
export async function time(body) {
  const began = performance.now()
  await body()
  return performance.now() - began
}

/** Prints a row: name, median, p95, in milliseconds. */
export function row(name, values) {
  const cells = [quantile(values, 0.5), quantile(values, 0.95)].map((value) => value.toFixed(1).padStart(9))
  process.stdout.write(`${name.padEnd(44)}${cells.join('')}\n`)
}
