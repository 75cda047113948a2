import { constants } from 'node:os'
import { PouchError } from '@pouch/errors'

const realTimeMin = 34
const realTimeMax = 64

/**
 * The number of a signal: `SIGTERM`, `term`, `15`, `SIGRTMIN+3`, `RTMAX-1`.
 *
 * @throws PouchError `invalid-argument` for anything that Linux does not have
 */
export function signalNumber(signal: string | number): number {
  const text = String(signal).trim().toUpperCase()
  const number = /^\d+$/.test(text) ? Number(text) : numberOfName(text.replace(/^SIG/, ''))
  if (number === undefined) throw refused(`Invalid signal: ${signal}`, signal)
  if (number < 1 || number > realTimeMax) throw refused(`the linux daemon does not support signal ${signal}`, signal)
  return number
}

function numberOfName(name: string): number | undefined {
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name)
  if (realTime !== null) return realTimeNumber(realTime[1] ?? '', realTime[2], Number(realTime[3] ?? 0))
  if (name === 'POLL') return constants.signals.SIGIO
  if (name === 'CLD') return constants.signals.SIGCHLD
  const key = `SIG${name}`
  return Object.hasOwn(constants.signals, key) ? constants.signals[key as NodeJS.Signals] : undefined
}

function realTimeNumber(base: string, sign: string | undefined, offset: number): number | undefined {
  const number = base === 'MIN' ? realTimeMin + offset : realTimeMax - offset
  const rightSign = sign === undefined || sign === (base === 'MIN' ? '+' : '-')
  return rightSign && number >= realTimeMin && number <= realTimeMax ? number : undefined
}

function refused(message: string, signal: string | number): PouchError {
  return new PouchError('invalid-argument', message, { op: 'container.signal', subject: String(signal) })
}
