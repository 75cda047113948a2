import { PouchError } from '@pouch/errors'

const maxLineBytes = 8 * 1024 * 1024

/**
 * Reads JSON objects that stand one on a line, ended by `\n` or `\r\n`, from bytes in pieces of any size.
 *
 * @param op what is being read, for the error
 * @throws PouchError `corrupt` on a line that is not JSON or is longer than 8 MiB
 */
export async function* jsonLines<T>(chunks: AsyncIterable<Uint8Array>, op: string): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield parseLine<T>(line, op)
    if (rest.length > maxLineBytes) throw corrupt(op, `a line is longer than ${maxLineBytes} bytes`)
  }
  rest += decoder.decode()
  if (rest.trim() !== '') yield parseLine<T>(rest, op)
}

function parseLine<T>(line: string, op: string): T {
  try {
    return JSON.parse(line) as T
  } catch (error) {
    throw corrupt(op, `'${line.slice(0, 80)}' is not JSON`, error)
  }
}

function corrupt(op: string, why: string, cause?: unknown): PouchError {
  return new PouchError(
    'corrupt',
    `the daemon's answer cannot be read: ${why}; is it a daemon that speaks Docker's API?`,
    { op, cause },
  )
}
