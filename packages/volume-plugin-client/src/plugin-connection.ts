import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { PouchError } from '@pouch/errors'
import fetch, { type Response } from 'node-fetch'
import type { PluginAddress, PluginTls } from './plugin-address.js'

/** An answer is a line of JSON, or a list of volumes: ten thousand have about two megabytes. */
const largestAnswerBytes = 8 * 1024 * 1024

/** What a plugin answered, whatever it means. */
export interface PluginReply {
  readonly status: number
  readonly body: string
}

interface TlsMaterial {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly rejectUnauthorized?: boolean
}

/** The way to one plugin. Each request has a connection of its own: one that is kept may be dead, and then nobody knows what arrived. */
export class PluginConnection {
  readonly address: PluginAddress
  readonly #origin: string
  readonly #material: TlsMaterial

  private constructor(address: PluginAddress, material: TlsMaterial) {
    this.address = address
    this.#origin = originOf(address)
    this.#material = material
  }

  /** Reads the TLS files. Nothing is sent. @throws PouchError naming the file that cannot be read */
  static async open(address: PluginAddress): Promise<PluginConnection> {
    const material = address.kind === 'tcp' && address.secure ? await readTls(address.tls) : {}
    return new PluginConnection(address, material)
  }

  /**
   * Sends one request as dockerd does: without a content type, the body a line of JSON.
   *
   * @param path `/VolumeDriver.Get`
   * @throws what node-fetch throws, and PouchError `internal` for an answer that is too large
   */
  async post(path: string, body: string, signal: AbortSignal): Promise<PluginReply> {
    const response = await fetch(`${this.#origin}${path}`, {
      method: 'POST',
      headers: { accept: 'application/vnd.docker.plugins.v1.2+json', 'user-agent': 'pouch' },
      body: body === '' ? null : Buffer.from(body),
      agent: this.#agent(),
      redirect: 'manual',
      compress: false,
      signal,
    })
    return { status: response.status, body: await bodyOf(response) }
  }

  #agent(): Agent {
    const { address } = this
    if (address.kind === 'unix') return new Agent({ keepAlive: false, ...{ socketPath: address.path } })
    return address.secure ? new TlsAgent({ keepAlive: false, ...this.#material }) : new Agent({ keepAlive: false })
  }
}

/** A socket has no host, so the name that dockerd uses stands for it. */
function originOf(address: PluginAddress): string {
  if (address.kind === 'unix') return 'http://plugin.moby.localhost'
  const hostname = address.hostname.includes(':') ? `[${address.hostname}]` : address.hostname
  return `${address.secure ? 'https' : 'http'}://${hostname}:${address.port}`
}

async function readTls(tls: PluginTls): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([tls.caFile, tls.certFile, tls.keyFile].map(readPem))
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(tls.insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  }
}

async function readPem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file)
  } catch (error) {
    const message = `the TLS file ${file} of a volume plugin cannot be read`
    throw PouchError.from(error, { message, op: 'plugin.connect', subject: file })
  }
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > largestAnswerBytes) {
      throw new PouchError('internal', `its answer has more than ${largestAnswerBytes} bytes`, { op: 'plugin.answer' })
    }
    chunks.push(part)
  }
  return Buffer.concat(chunks).toString('utf8')
}
