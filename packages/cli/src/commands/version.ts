import { apiVersion } from '@pouch/api'
import { reportFailure } from '../failure.js'
import { compileTemplate } from '../format/template.js'
import { write } from '../io.js'
import type { Session } from '../session.js'
import { version as clientVersion } from '../version.js'

/** `pouch version`: shows the versions of this program and of the daemon. Without a daemon the first part is shown all the same. */
export async function version({ client, io }: Session, flags: { readonly format?: string }): Promise<number> {
  const own = {
    Version: clientVersion,
    ApiVersion: apiVersion,
    NodeVersion: process.version,
    Os: process.platform,
    Arch: process.arch,
  }
  if (flags.format !== undefined) {
    const template = compileTemplate(flags.format === 'json' ? '{{json .}}' : flags.format)
    await write(io.stdout, `${template.render({ Client: own, Server: await client.system.version() })}\n`)
    return 0
  }
  await write(
    io.stdout,
    section('Client', [
      ['Version', own.Version],
      ['API version', own.ApiVersion],
      ['Node version', own.NodeVersion],
      ['OS/Arch', `${own.Os}/${own.Arch}`],
    ]),
  )
  try {
    const server = await client.system.version()
    const api = `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`
    const parts = server.Components.map(({ Name: name, Version: text }) => [name, text] as const)
    await write(
      io.stdout,
      `\n${section(`Server: ${server.Platform.Name}`, [['Version', server.Version], ['API version', api], ['OS/Arch', `${server.Os}/${server.Arch}`], ...parts])}`,
    )
    return 0
  } catch (error) {
    await reportFailure(error, io)
    return 1
  }
}

function section(title: string, lines: readonly (readonly [string, string])[]): string {
  return `${title}\n${lines.map(([key, value]) => ` ${`${key}:`.padEnd(19)}${value}\n`).join('')}`
}
