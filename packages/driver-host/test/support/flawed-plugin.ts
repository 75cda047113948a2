import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Ways in which plugins are wrong. The first two are those of a plugin that many use. */
export type Flaw =
  | 'counts mounts and ignores IDs'
  | 'any Unmount unmounts'
  | 'keeps IDs as a set'
  | 'invents volumes'
  | 'needs options'
  | 'needs a content type'
  | 'dies of bad JSON'
  | 'starts afresh on Create'
  | 'leaves data on Remove'
  | 'loses the case of names'
  | 'shortens names'
  | 'has a relative mount point'
  | 'lists nothing'
  | 'Path knows nothing'
  | 'creates on Mount'
  | 'implements nothing'
  | 'has a scope of its own'
  | 'never unmounts'

interface Kept {
  readonly ids: string[]
  count: number
}

type Body = Readonly<Record<string, unknown>>

/** A volume plugin with directories for volumes, without flaws or with one: not written with anything of Pouch. */
export class FlawedPlugin {
  readonly socket: string
  readonly #home: string
  readonly #flaw: Flaw | undefined
  readonly #server: Server
  readonly #volumes = new Map<string, Kept>()

  private constructor(home: string, flaw: Flaw | undefined) {
    this.#home = home
    this.#flaw = flaw
    this.socket = join(home, 'plugin.sock')
    this.#server = createServer((request, response) => {
      const answer = (status: number, body: object) => {
        response.writeHead(status, { 'Content-Type': 'application/vnd.docker.plugins.v1.1+json' })
        response.end(JSON.stringify(body))
      }
      const fail = (error: unknown) => answer(500, { Err: error instanceof Error ? error.message : String(error) })
      void this.#handle(request).then((body) => answer(200, body), fail)
    })
  }

  static async start(flaw?: Flaw): Promise<FlawedPlugin> {
    const plugin = new FlawedPlugin(await mkdtemp(join(tmpdir(), 'pouch-flawed-')), flaw)
    await mkdir(join(plugin.#home, 'volumes'))
    await new Promise<void>((resolve) => plugin.#server.listen(plugin.socket, resolve))
    return plugin
  }

  /** The names of the volumes that are there. */
  async volumes(): Promise<string[]> {
    return [...this.#volumes.keys(), ...(await readdir(join(this.#home, 'volumes')))]
  }

  add(name: string): void {
    this.#volumes.set(name, { ids: [], count: 0 })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#home, { recursive: true, force: true })
  }

  async #handle(request: IncomingMessage): Promise<object> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString('utf8')
    const body = this.#parse(text === '' ? '{}' : text)
    if (this.#flaw === 'needs a content type' && text !== '' && request.headers['content-type'] === undefined) {
      throw new Error('no content type')
    }
    const name = this.#nameOf(body)
    switch (request.url) {
      case '/Plugin.Activate':
        return { Implements: this.#flaw === 'implements nothing' ? [] : ['VolumeDriver'] }
      case '/VolumeDriver.Capabilities':
        return { Capabilities: { Scope: this.#flaw === 'has a scope of its own' ? 'galaxy' : 'local' } }
      case '/VolumeDriver.Create':
        return await this.#create(name, body)
      case '/VolumeDriver.Remove':
        return await this.#remove(name)
      case '/VolumeDriver.Get':
        return {
          Volume: this.#describe(name, this.#flaw === 'invents volumes' ? { ids: [], count: 0 } : this.#need(name)),
        }
      case '/VolumeDriver.List':
        return {
          Volumes: this.#flaw === 'lists nothing' ? null : [...this.#volumes].map((each) => this.#describe(...each)),
        }
      case '/VolumeDriver.Path':
        return { Mountpoint: this.#flaw === 'Path knows nothing' ? '' : this.#pointOf(name, this.#need(name)) }
      case '/VolumeDriver.Mount':
        return await this.#mount(name, String(body.ID))
      case '/VolumeDriver.Unmount':
        return this.#unmount(this.#need(name), String(body.ID))
      default:
        throw new Error(`unknown method ${request.url}`)
    }
  }

  #parse(text: string): Body {
    try {
      return JSON.parse(text) as Body
    } catch (error) {
      if (this.#flaw === 'dies of bad JSON') {
        this.#server.close()
        this.#server.closeAllConnections()
      }
      throw error
    }
  }

  #nameOf({ Name }: Body): string {
    const name = typeof Name === 'string' ? Name : ''
    if (this.#flaw === 'loses the case of names') return name.toLowerCase()
    return this.#flaw === 'shortens names' ? name.slice(0, 60) : name
  }

  async #create(name: string, { Opts }: Body): Promise<object> {
    if (name === '') throw new Error('no name')
    if (this.#flaw === 'needs options' && (Opts === null || Opts === undefined)) throw new Error('Opts is null')
    if (this.#flaw === 'starts afresh on Create') await rm(this.#directory(name), { recursive: true, force: true })
    await mkdir(this.#directory(name), { recursive: true })
    if (!this.#volumes.has(name)) this.add(name)
    return {}
  }

  async #remove(name: string): Promise<object> {
    const volume = this.#need(name)
    if (this.#isMounted(volume)) throw new Error(`volume ${name} is in use`)
    this.#volumes.delete(name)
    if (this.#flaw !== 'leaves data on Remove') await rm(this.#directory(name), { recursive: true })
    return {}
  }

  async #mount(name: string, id: string): Promise<object> {
    if (this.#flaw === 'creates on Mount') await this.#create(name, {})
    const volume = this.#need(name)
    if ((await stat(this.#directory(name))).isDirectory()) volume.count += 1
    if (this.#flaw !== 'keeps IDs as a set' || !volume.ids.includes(id)) volume.ids.push(id)
    return { Mountpoint: this.#pointOf(name, volume) }
  }

  #unmount(volume: Kept, id: string): object {
    if (this.#flaw === 'never unmounts') return {}
    volume.count -= 1
    const at = volume.ids.indexOf(id)
    if (this.#flaw === 'any Unmount unmounts') volume.ids.length = 0
    else if (at >= 0) volume.ids.splice(at, 1)
    if (this.#flaw === 'counts mounts and ignores IDs' && volume.count < 0) throw new Error('not mounted')
    return {}
  }

  #isMounted({ count, ids }: Kept): boolean {
    return this.#flaw === 'counts mounts and ignores IDs' ? count !== 0 : ids.length > 0
  }

  #describe(name: string, volume: Kept): object {
    return { Name: name, Mountpoint: this.#pointOf(name, volume), CreatedAt: '2024-05-01T10:00:00Z', Status: null }
  }

  #pointOf(name: string, volume: Kept): string {
    if (!this.#isMounted(volume)) return ''
    return this.#flaw === 'has a relative mount point' ? `volumes/${name}` : this.#directory(name)
  }

  #need(name: string): Kept {
    const volume = this.#volumes.get(name)
    if (volume === undefined) throw new Error(`volume ${name} not found`)
    return volume
  }

  #directory(name: string): string {
    return join(this.#home, 'volumes', name)
  }
}
