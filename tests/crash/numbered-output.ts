import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { RunningPouchd } from '../running-pouchd.js'

const blockLines = 2048
const block = Buffer.from(
  Array.from({ length: blockLines }, (_, line) => `${String(line).padStart(6, '0')} ${'.'.repeat(121)}\n`).join(''),
)

/** What a writer prints: numbered blocks, each a header line and 256 KiB of numbered lines. Every byte is predictable. */
export const numberedOutput = {
  blockBytes: block.length,

  /** The shell script that prints `blocks` blocks, pausing `pauseMicros` after each. */
  script(blocks: number, pauseMicros: number): string {
    const makeBlock = `i=0; while [ $i -lt ${blockLines} ]; do printf '%06d ${'.'.repeat(121)}\\n' $i; i=$((i+1)); done > /tmp/block`
    return `${makeBlock}; n=0; while [ $n -lt ${blocks} ]; do echo "block $n"; cat /tmp/block; n=$((n+1)); usleep ${pauseMicros}; done`
  },

  /** The digest of the first `blocks` blocks. */
  digest(blocks: number): string {
    const hash = createHash('sha256')
    for (let number = 0; number < blocks; number += 1) hash.update(`block ${number}\n`).update(block)
    return hash.digest('hex')
  },
}

/** The digest and size of what `GET /containers/{id}/logs` gives for standard output. */
export async function digestOfLog(daemon: RunningPouchd, id: string): Promise<{ digest: string; bytes: number }> {
  const outgoing = request({
    socketPath: daemon.socket,
    path: `/v1.43/containers/${id}/logs?stdout=1`,
    agent: false,
    headers: { host: 'docker' },
  })
  outgoing.end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  if (incoming.statusCode !== 200) throw new Error(`logs of ${id}: ${incoming.statusCode}`)
  const hash = createHash('sha256')
  let bytes = 0
  let pending: Buffer = Buffer.alloc(0)
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    let offset = 0
    while (pending.length - offset >= 8) {
      const size = pending.readUInt32BE(offset + 4)
      if (pending.length - offset - 8 < size) break
      const payload = pending.subarray(offset + 8, offset + 8 + size)
      hash.update(payload)
      bytes += payload.length
      offset += 8 + size
    }
    pending = pending.subarray(offset)
  }
  return { digest: hash.digest('hex'), bytes }
}
