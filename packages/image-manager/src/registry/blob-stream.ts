import { PouchError } from '@pouch/errors'
import type { RegistryResponse } from './registry-response.js'
import { Retry, type RetryPolicy } from './retry.js'

/**
 * The bytes of a blob, exactly as many as its descriptor says. When the connection breaks off, the rest is asked for from
 * where it ended; a registry that then sends all of it again has the beginning skipped.
 *
 * @param open asks for the blob from an offset on
 * @throws PouchError `corrupt` when more comes than there should be, `unavailable` when it breaks off too often
 */
export async function* blobStream(
  blob: { readonly digest: string; readonly size: number },
  open: (offset: number) => Promise<RegistryResponse>,
  policy: RetryPolicy,
): AsyncIterable<Uint8Array> {
  const retry = new Retry(policy)
  let offset = 0
  while (offset < blob.size) {
    try {
      for await (const chunk of fromOffset(await open(offset), offset, blob.digest)) {
        offset += chunk.byteLength
        if (offset > blob.size) throw tooLong(blob)
        retry.succeeded()
        yield chunk
      }
      if (offset < blob.size) throw brokenOff(blob, offset)
    } catch (error) {
      await retry.failed(error)
    }
  }
}

async function* fromOffset(response: RegistryResponse, offset: number, digest: string): AsyncIterable<Uint8Array> {
  if (response.status === 206) assertRange(response, offset, digest)
  let skip = response.status === 206 ? 0 : offset
  for await (const chunk of response.chunks()) {
    const kept = chunk.subarray(Math.min(skip, chunk.byteLength))
    skip -= chunk.byteLength - kept.byteLength
    if (kept.byteLength > 0) yield kept
  }
}

function assertRange(response: RegistryResponse, offset: number, digest: string): void {
  const first = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1]
  if (Number(first) === offset) return
  response.discard()
  throw new PouchError('unavailable', `${response.url.host} sent another part of ${digest} than was asked for`, {
    op: 'image.pull',
    subject: digest,
  })
}

function tooLong(blob: { readonly digest: string; readonly size: number }): PouchError {
  return new PouchError('corrupt', `the registry sends more than the ${blob.size} bytes that ${blob.digest} has`, {
    op: 'image.pull',
    subject: blob.digest,
  })
}

function brokenOff(blob: { readonly digest: string; readonly size: number }, offset: number): PouchError {
  return new PouchError('unavailable', `the registry ended ${blob.digest} after ${offset} of ${blob.size} bytes`, {
    op: 'image.pull',
    subject: blob.digest,
    details: { transient: true },
  })
}
