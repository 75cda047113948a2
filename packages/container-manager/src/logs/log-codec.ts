import { PouchError } from '@pouch/errors'
import type { LogEntry } from '../container.js'

/** A line longer than this is written in parts. */
export const maxEntryBytes = 16 * 1024

const newline = 0x0a
/** What JSON writes otherwise, but for the newlines that end lines. Most output has none of it and is copied as it is. */
const needsEscape = /["\\\u0000-\u0009\u000b-\u001f]/

/** The names of the output streams. */
export type StreamName = 'stdout' | 'stderr'

/**
 * How many bytes at the front of a buffer can be logged now: whole lines, and whole parts of a line that is longer than
 * {@link maxEntryBytes}. The rest waits for its end.
 *
 * @param isLast nothing follows: everything can be logged
 */
export function loggableBytes(bytes: Buffer, isLast: boolean): number {
  if (isLast) return bytes.length
  const lines = bytes.lastIndexOf(newline) + 1
  let end = lines
  while (bytes.length - end > maxEntryBytes) end = partEnd(bytes, end)
  return end
}

/**
 * Encodes output as json-file entries, one a line. All of them get the same time. Bytes that are not UTF-8 become U+FFFD,
 * as JSON cannot hold them.
 *
 * @param bytes what {@link loggableBytes} allowed
 */
export function encodeEntries(bytes: Buffer, stream: StreamName, time: string): string {
  const tail = `","stream":"${stream}","time":"${time}"}\n`
  if (bytes.at(-1) !== newline || hasLongLine(bytes)) return encodeParts(bytes, tail)
  const text = bytes.toString('utf8', 0, bytes.length - 1)
  const between = `\\n${tail}{"log":"`
  return `{"log":"${needsEscape.test(text) ? escapedLines(text, between) : text.replaceAll('\n', between)}\\n${tail}`
}

/** The lines as the insides of JSON strings, with `between` in between. */
function escapedLines(text: string, between: string): string {
  // Indentation puts a line break between the elements and nowhere else, which makes them easy to tell apart.
  const list = JSON.stringify(text.split('\n'), undefined, 1)
  return list.slice(4, -3).replaceAll('",\n "', between)
}

/** Reads one line of a json-file. @throws PouchError `corrupt` */
export function decodeEntry(line: string): LogEntry {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw corrupt(line, cause)
  }
  if (!isEntry(value)) throw corrupt(line)
  return {
    stream: value.stream,
    time: nanoTime(value.time),
    line: Buffer.from(value.log),
    partial: !value.log.endsWith('\n'),
  }
}

/** A time with exactly nine digits after the second. */
export function nanoTime(time: string): string {
  const [, second = time, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? []
  return `${second}.${fraction.padEnd(9, '0').slice(0, 9)}Z`
}

function hasLongLine(bytes: Buffer): boolean {
  let start = 0
  while (bytes.length - start > maxEntryBytes) {
    const end = bytes.lastIndexOf(newline, start + maxEntryBytes - 1)
    if (end < start) return true
    start = end + 1
  }
  return false
}

function encodeParts(bytes: Buffer, tail: string): string {
  const parts: string[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = partEnd(bytes, start)
    parts.push(`{"log":${JSON.stringify(bytes.toString('utf8', start, end)).slice(0, -1)}${tail}`)
    start = end
  }
  return parts.join('')
}

/** The end of the entry that begins at `start`: after its newline, or before the character that would make it too long. */
function partEnd(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(newline, start)
  const limit = start + maxEntryBytes
  if (end >= 0 && end < limit) return end + 1
  if (limit >= bytes.length) return bytes.length
  let cut = limit
  while (cut > limit - 4 && isContinuation(bytes[cut])) cut -= 1
  return isContinuation(bytes[cut]) ? limit : cut
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

function isEntry(value: unknown): value is { log: string; stream: StreamName; time: string } {
  if (typeof value !== 'object' || value === null) return false
  const { log, stream, time } = value as Record<string, unknown>
  return typeof log === 'string' && (stream === 'stdout' || stream === 'stderr') && typeof time === 'string'
}

function corrupt(line: string, cause?: unknown): PouchError {
  return new PouchError('corrupt', `a line of the log is not a log entry: ${line.slice(0, 80)}`, {
    op: 'container.logs',
    cause,
  })
}
