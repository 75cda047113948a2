import type { Writable } from 'node:stream'
import type { ProgressMessage } from '@pouch/api'
import { humanSize } from '../format/human.js'
import { isTerminal, write } from '../io.js'

const barWidth = 40

/**
 * Shows progress messages until they end: on a terminal one line for each thing, which is drawn again as it goes on;
 * elsewhere a line for each step, without numbers.
 */
export async function showProgress(messages: AsyncIterable<ProgressMessage>, output: Writable): Promise<void> {
  const show = isTerminal(output) ? drawing(output) : printing(output)
  for await (const message of messages) await show(message)
}

function printing(output: Writable): (message: ProgressMessage) => Promise<void> {
  return async (message) => {
    if (message.stream !== undefined) return write(output, message.stream)
    if (message.status === undefined || message.progressDetail?.current !== undefined) return
    await write(output, `${lineOf(message)}\n`)
  }
}

function drawing(output: Writable): (message: ProgressMessage) => Promise<void> {
  const rows = new Map<string, number>()
  let count = 0
  return async (message) => {
    if (message.stream !== undefined) {
      count += message.stream.split('\n').length - 1
      return write(output, message.stream)
    }
    const row = message.id === undefined ? undefined : rows.get(message.id)
    if (row === undefined) {
      if (message.id !== undefined) rows.set(message.id, count)
      count += 1
      return write(output, `${fit(lineOf(message), output)}\n`)
    }
    const up = count - row
    await write(output, `\u001b[${up}A\r\u001b[2K${fit(lineOf(message), output)}\u001b[${up}B\r`)
  }
}

function lineOf({ id, status = '', progressDetail }: ProgressMessage): string {
  const head = id === undefined ? status : `${id}: ${status}`
  const { current, total } = progressDetail ?? {}
  if (current === undefined) return head
  if (total === undefined || total <= 0) return `${head} ${humanSize(current)}`
  return `${head} [${barOf(current, total)}] ${humanSize(current)}/${humanSize(total)}`
}

/** A bar of 40 characters. @param total above zero */
export function barOf(current: number, total: number): string {
  const done = Math.min(barWidth, Math.floor((current / total) * barWidth))
  return done === barWidth ? '='.repeat(barWidth) : `${'='.repeat(done)}>${' '.repeat(barWidth - done - 1)}`
}

/** Cuts a line: one that wraps would put every later one in the wrong place. */
export function fit(line: string, output: Writable): string {
  const columns = (output as { readonly columns?: number }).columns ?? 80
  return line.length < columns ? line : line.slice(0, Math.max(0, columns - 1))
}
