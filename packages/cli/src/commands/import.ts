import { PouchError } from '@pouch/errors'
import { write } from '../io.js'
import { openInput } from '../open-input.js'
import type { Session } from '../session.js'

/** The flags of `pouch import`. */
export interface ImportFlags {
  readonly change?: readonly string[]
  readonly message?: string
  readonly platform?: string
}

/** `pouch import`: makes an image of a root filesystem's tar, and prints its id. */
export async function importImage(
  { client, io }: Session,
  file: string,
  reference: string | undefined,
  flags: ImportFlags,
): Promise<undefined> {
  if (/^https?:\/\//.test(file)) {
    throw new PouchError(
      'unsupported',
      `cannot import ${file}: download it first, and import the file or pipe it in with -`,
      {
        op: 'cli.import',
        subject: file,
      },
    )
  }
  const options = {
    ...(reference === undefined ? {} : { reference }),
    ...(flags.message === undefined ? {} : { message: flags.message }),
    ...(flags.change === undefined ? {} : { changes: flags.change }),
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
  }
  let id = ''
  for await (const { status } of client.images.importRootfs(await openInput(file, io), options)) id = status ?? id
  await write(io.stdout, `${id}\n`)
}
