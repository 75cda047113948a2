import { fstatSync } from 'node:fs'
import { PouchError } from '@pouch/errors'
import type { LogEntry, LogOptions } from '../container.js'
import type { JsonLog } from './json-log.js'
import { decodeEntry, nanoTime } from './log-codec.js'
import { closeLogFiles, findTail, type LogFile, linesOf, openLogFile, openLogFiles } from './log-files.js'

/** Where a log is read from. */
export interface LogSource {
  readonly path: string
  readonly maxFiles: number
  /** The log while it is written; without it the files are all there is. */
  readonly live: JsonLog | undefined
  /** Whether more may come. */
  readonly isActive: () => boolean
}

/** Checked bounds of a reading; times compare as text. */
interface Bounds {
  readonly stdout: boolean
  readonly stderr: boolean
  readonly since: string | undefined
  readonly until: string | undefined
  readonly tail: number | undefined
}

/**
 * Reads a log: from its last lines or from a time, to its end or on and on. It follows through rotations; one that reads so
 * slowly that a file is dropped before its turn misses that file.
 *
 * @throws PouchError `invalid-argument` for no stream or bad bounds, when iteration begins
 */
export async function* readLog(source: LogSource, options: LogOptions): AsyncGenerator<LogEntry, void, undefined> {
  const bounds = checkBounds(options)
  const files = openLogFiles(source.path, source.maxFiles, source.live)
  let generation = source.live?.end.generation ?? 0
  let file = files.at(-1)
  let offset = 0
  try {
    const first =
      bounds.tail === undefined
        ? { index: firstSince(files, bounds.since), offset: 0 }
        : await findTail(files, bounds.tail)
    for (const [index, older] of files.entries()) {
      if (index < first.index) continue
      offset = yield* selected(linesOf(older, index === first.index ? first.offset : 0), bounds)
      if (offset < 0) return
    }
    while (options.follow === true && source.live !== undefined && options.signal?.aborted !== true) {
      const seen = source.live.pulse.count
      const isActive = source.isActive()
      const next = nextFile(source.live, file, generation)
      if (next.file !== file) {
        if (file !== undefined) offset = yield* selected(linesOf(file, offset), bounds)
        if (next.file !== undefined) files.push(next.file)
        ;({ file, generation } = next)
        offset = 0
      }
      const before = offset
      if (file !== undefined) offset = yield* selected(linesOf(file, offset), bounds)
      if (offset < 0) return
      if (offset > before) continue
      if (!isActive) return
      await source.live.pulse.after(seen, options.signal)
    }
  } finally {
    closeLogFiles(files)
  }
}

/** The file to read on from: this one while it is current, else the one that came after it. Sets how far it may be read. */
function nextFile(
  log: JsonLog,
  file: LogFile | undefined,
  generation: number,
): { file: LogFile | undefined; generation: number } {
  const { end } = log
  if (file !== undefined && generation === end.generation) {
    file.limitBytes = end.lengthBytes
    return { file, generation }
  }
  if (file !== undefined) file.limitBytes = fstatSync(file.fd).size
  const wanted = file === undefined ? end.generation : Math.max(generation + 1, end.generation - log.maxFiles + 1)
  const age = end.generation - wanted
  const next = openLogFile(age === 0 ? log.path : `${log.path}.${age}`)
  if (next !== undefined && age === 0) next.limitBytes = end.lengthBytes
  return { file: next, generation: wanted }
}

/** @returns where the next line begins, or -1 when the time bound was passed */
async function* selected(
  lines: AsyncGenerator<string, number, undefined>,
  bounds: Bounds,
): AsyncGenerator<LogEntry, number, undefined> {
  for (;;) {
    const { done, value } = await lines.next()
    if (done === true) return value
    const entry = decodeEntry(value)
    if (bounds.until !== undefined && entry.time > bounds.until) {
      await lines.return(0)
      return -1
    }
    if (bounds[entry.stream] && (bounds.since === undefined || entry.time >= bounds.since)) yield entry
  }
}

function firstSince(files: readonly LogFile[], since: string | undefined): number {
  if (since === undefined) return 0
  const sinceMs = Date.parse(since)
  const index = files.findIndex(({ modifiedMs }) => modifiedMs >= sinceMs)
  return index < 0 ? files.length : index
}

function checkBounds({ stdout = false, stderr = false, since, until, tail }: LogOptions): Bounds {
  if (!stdout && !stderr) throw refused('Bad parameters: you must choose at least one stream')
  if (tail !== undefined && (!Number.isSafeInteger(tail) || tail < 0))
    throw refused(`tail is a whole number of lines, not '${tail}'`)
  return { stdout, stderr, tail, since: timeOf(since), until: timeOf(until) }
}

/** A bound as the text that the log's times are compared with. */
function timeOf(bound: string | Date | undefined): string | undefined {
  if (bound === undefined || bound === '') return undefined
  if (bound instanceof Date) return nanoTime(bound.toISOString())
  const seconds = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(bound)
  if (seconds !== null)
    return nanoTime(`${new Date(Number(seconds[1]) * 1000).toISOString().slice(0, 19)}.${seconds[2] ?? '0'}Z`)
  const ms = Date.parse(bound)
  if (Number.isNaN(ms)) throw refused(`'${bound}' is not a time: give RFC 3339 or seconds since 1970`)
  const fraction = /\.(\d{1,9})/.exec(bound)?.[1] ?? '0'
  return nanoTime(`${new Date(ms).toISOString().slice(0, 19)}.${fraction}Z`)
}

function refused(message: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'container.logs' })
}
