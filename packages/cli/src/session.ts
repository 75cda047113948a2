import type { PouchClient } from '@pouch/client'
import type { Io } from './io.js'

/** What the handler of a command works with. */
export interface Session {
  readonly client: PouchClient
  readonly io: Io
}

/** The flags of the program itself. */
export interface GlobalFlags {
  readonly host?: string
  readonly tlscacert?: string
  readonly tlscert?: string
  readonly tlskey?: string
  readonly tls?: boolean
}

/** Makes a client of the flags, or of POUCH_HOST. Nothing is connected yet. */
export async function openSession(flags: GlobalFlags, io: Io): Promise<Session> {
  const { PouchClient } = await import('@pouch/client')
  const host = flags.host ?? io.env.POUCH_HOST
  const tls = await readTls(flags)
  return {
    client: new PouchClient({
      ...(host === undefined || host === '' ? {} : { host }),
      ...(tls === undefined ? {} : { tls }),
    }),
    io,
  }
}

async function readTls({ tls, tlscacert, tlscert, tlskey }: GlobalFlags): Promise<Record<string, Buffer> | undefined> {
  const files = Object.entries({ ca: tlscacert, cert: tlscert, key: tlskey }).filter(([, file]) => file !== undefined)
  if (files.length === 0) return tls === true ? {} : undefined
  const { readFile } = await import('node:fs/promises')
  return Object.fromEntries(
    await Promise.all(files.map(async ([name, file]) => [name, await readFile(file ?? '')] as const)),
  )
}
