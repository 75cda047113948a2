import { open, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { PouchError } from '@pouch/errors'
import { type PluginAddress, type PluginTls, parsePluginAddress } from './plugin-address.js'

/** A spec is one line, and a .json has six fields. */
const largestFileBytes = 64 * 1024

/**
 * Reads where a plugin is from the file that stands for it: a socket (`.sock`), a text with an address (`.spec`), or `{ Addr, TLSConfig }`
 * (`.json`). The name in a `.json` is of no account, as with dockerd: the file's own counts.
 *
 * @throws PouchError `unavailable` when the file is gone, `invalid-argument` when it does not tell what it has to
 */
export async function readPluginFile(path: string): Promise<PluginAddress> {
  try {
    const kind = extname(path)
    if (kind === '.spec') return addressIn(path, (await readText(path)).trim(), {})
    if (kind === '.json') return fromJson(path, await readText(path))
    if ((await stat(path)).isSocket()) return parsePluginAddress(path)
    throw refused(path, 'it is no socket, and no .spec or .json file')
  } catch (error) {
    throw readError(path, error)
  }
}

function fromJson(path: string, text: string): PluginAddress {
  const file = objectOf(path, 'it', parseJson(path, text))
  if (typeof file.Addr !== 'string') throw refused(path, 'it has no Addr')
  const tls = file.TLSConfig === undefined || file.TLSConfig === null ? {} : objectOf(path, 'TLSConfig', file.TLSConfig)
  return addressIn(path, file.Addr.trim(), tlsOf(path, tls))
}

function tlsOf(path: string, tls: Readonly<Record<string, unknown>>): PluginTls {
  const { InsecureSkipVerify: skip = false } = tls
  if (typeof skip !== 'boolean') throw refused(path, 'InsecureSkipVerify is true or false')
  const file = (name: string) => {
    const value = tls[name] ?? ''
    if (typeof value !== 'string') throw refused(path, `${name} is the path of a file`)
    return value === '' ? undefined : value
  }
  const files = { caFile: file('CAFile'), certFile: file('CertFile'), keyFile: file('KeyFile') }
  return { ...files, insecureSkipVerify: skip }
}

function addressIn(path: string, text: string, tls: PluginTls): PluginAddress {
  // A path alone is what a person would write; dockerd wants a scheme, and so do those who read our files with it.
  if (text.startsWith('/')) throw refused(path, `its address has no scheme; write unix://${text}`)
  try {
    return parsePluginAddress(text, tls)
  } catch (error) {
    throw refused(path, PouchError.from(error).message, error)
  }
}

async function readText(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > largestFileBytes) throw refused(path, `it has more than ${largestFileBytes} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(path, 'it is no JSON', error)
  }
}

function objectOf(path: string, what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw refused(path, `${what} is no object`)
}

function readError(path: string, thrown: unknown): PouchError {
  const error = PouchError.from(thrown, {
    message: `the plugin file ${path} cannot be read`,
    op: 'plugin.locate',
    subject: path,
  })
  if (error.code !== 'not-found') return error
  const text = `${path} is gone: start the plugin, or put its file back`
  return new PouchError('unavailable', text, { op: 'plugin.locate', subject: path, cause: thrown })
}

function refused(path: string, why: string, cause?: unknown): PouchError {
  const text = `${path} does not tell where a volume plugin is: ${why}`
  return new PouchError('invalid-argument', text, { op: 'plugin.locate', subject: path, cause })
}
