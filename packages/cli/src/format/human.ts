const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const

/** A size for a list, in powers of 1000 with three digits, as Docker's CLI shows it: `4.26MB`, `0B`. */
export function humanSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < decimalUnits.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${Number(value.toPrecision(3))}${decimalUnits[unit]}`
}

/** A text of `width` characters at most, with an ellipsis when something was cut off. */
export function shorten(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`
}

/** The first twelve digits of an id, without its algorithm. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12)
}
