import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FifoReader, FifoWriter } from '../src/streams/fifo.js'
import { StdinPipe, stdinStream } from '../src/streams/stdin-pipe.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouch-stdin-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A pipe into a real FIFO, whose shim answers with an error when it is told that the input is over. */
async function failingPipe(): Promise<{ pipe: StdinPipe; lost: Promise<unknown> }> {
  const fifo = await FifoWriter.create(join(folder, 'stdin'))
  let pipe: StdinPipe | undefined
  const lost = new Promise<unknown>((resolve) => {
    const closeIO = () => Promise.reject(new PouchError('unavailable', 'containerd does not answer'))
    pipe = new StdinPipe(fifo, closeIO, resolve)
  })
  if (pipe === undefined) throw new TypeError('the pipe is made at once')
  return { pipe, lost }
}

describe('the stdin of a client', () => {
  it('that has gone ends the input of the process, and a failure of that is told', async () => {
    const { pipe, lost } = await failingPipe()
    stdinStream({ pipe: Promise.resolve(pipe), endsProcessInput: true }).destroy()
    expect(await lost).toMatchObject({ code: 'unavailable' })
    expect(pipe.isClosed).toBe(true)
  })

  it('that says its end hears the failure itself', async () => {
    const { pipe } = await failingPipe()
    const input = stdinStream({ pipe: Promise.resolve(pipe), endsProcessInput: true })
    const failed = new Promise((resolve) => input.once('error', resolve))
    input.end()
    expect(await failed).toMatchObject({ code: 'unavailable' })
  })

  it('carries bytes to the process in order, and leaves the input open where others use it too', async () => {
    const path = join(folder, 'stdin')
    const pipe = new StdinPipe(
      await FifoWriter.create(path),
      async () => {},
      () => {},
    )
    const reader = FifoReader.open(path)
    const received = new Promise((resolve) => reader.socket.once('data', resolve))
    const input = stdinStream({ pipe: Promise.resolve(pipe), endsProcessInput: false })
    input.write('one')
    reader.socket.resume()
    expect(String(await received)).toBe('one')
    input.destroy()
    expect(pipe.isClosed).toBe(false)
    pipe.destroy()
    reader.close()
  })
})
