import { createInterface } from 'node:readline'
import { type Io, write } from '../io.js'

/** Asks a question that only `y` or `yes` agrees to; the end of the input is a no. */
export async function confirm(question: string, io: Io): Promise<boolean> {
  await write(io.stdout, `${question} [y/N] `)
  const lines = createInterface({ input: io.stdin })
  for await (const line of lines) return /^y(es)?$/i.test(line.trim())
  return false
}
