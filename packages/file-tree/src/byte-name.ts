/**
 * A name, a path or a link's target as its bytes: each character is one byte (Latin-1). Linux keeps names as bytes, which need not
 * be UTF-8, and so does this package inside; text is made of them for people alone.
 */
export type ByteName = string

const plain = /^[\x20-\x5b\x5d-\x7e]*$/
const ascii = /^[\x01-\x7f]*$/

/** The bytes in UTF-8 for people; what is not printable, or no UTF-8, as `\xff`. */
export function shownName(name: ByteName): string {
  if (name === '') return '.'
  if (plain.test(name)) return name
  const text = utf8Of(name)
  if (text === undefined) return name.replace(/[^\x20-\x5b\x5d-\x7e]/g, escaped)
  return text.replace(/[\x00-\x1f\x7f\\]/g, escaped)
}

/** The bytes as text, where they are UTF-8. */
export function utf8Of(name: ByteName): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(name))
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** Whether a name is the same in ASCII, Latin-1 and UTF-8. */
export function isAscii(name: ByteName): boolean {
  return ascii.test(name)
}

export function bytesOf(name: ByteName): Buffer {
  return Buffer.from(name, 'latin1')
}

/** The path of what is beside others: `a/b`, or `b` at the root, which is the empty path. */
export function joinName(folder: ByteName, name: ByteName): ByteName {
  return folder === '' ? name : `${folder}/${name}`
}

/** The path of the directory that something is in. */
export function folderOf(path: ByteName): ByteName {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

/** The last part of a path. */
export function lastOf(path: ByteName): ByteName {
  return path.slice(path.lastIndexOf('/') + 1)
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
