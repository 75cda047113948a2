import type { ProgressMessage } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import type { RouteCall, sent } from '../http/route.js'
import { ProgressReply } from './progress.js'
import { readRegistryAuth } from './registry-auth.js'

/** POST /images/create: a pull with `fromImage`, an import with `fromSrc=-`. */
export function createImage(engine: Engine, call: RouteCall): Promise<typeof sent> {
  const { query } = call
  const image = query.text('fromImage')
  if (image !== undefined) return pull(engine, call, image)
  const source = query.text('fromSrc')
  if (source === '-') return importRootfs(engine, call)
  if (source === undefined) {
    throw new PouchError(
      'invalid-argument',
      'nothing to create: give fromImage to pull, or fromSrc=- to import the body',
      { op: 'image.create' },
    )
  }
  throw new PouchError(
    'unsupported',
    `an import from ${source} is not supported: download it and send it as the body with fromSrc=-`,
    {
      op: 'image.import',
      subject: source,
    },
  )
}

/** POST /images/load. A bad archive is told in the stream, as Docker does. */
export function loadImages(engine: Engine, { query, request, response, signal }: RouteCall): Promise<typeof sent> {
  const reply = new ProgressReply(response)
  const quiet = query.bool('quiet', true)
  return reply.run(async () => {
    try {
      const loaded = await engine.images.load(request, { signal, ...(quiet ? {} : { onProgress: reply.step }) })
      return loaded.flatMap(({ image, references }) => loadedLines(image.id, references))
    } catch (error) {
      reply.send({ stream: '' })
      throw error
    }
  })
}

function loadedLines(id: string, references: readonly string[]): ProgressMessage[] {
  if (references.length === 0) return [{ stream: `Loaded image ID: ${id}\n` }]
  return references.map((reference) => ({ stream: `Loaded image: ${reference}\n` }))
}

function pull(engine: Engine, { query, request, response, signal }: RouteCall, image: string): Promise<typeof sent> {
  const tag = query.text('tag')
  const separator = tag?.includes(':') === true ? '@' : ':'
  const reference = tag === undefined ? image : `${image}${separator}${tag}`
  const auth = readRegistryAuth(request.headers['x-registry-auth'])
  const platform = query.text('platform')
  const reply = new ProgressReply(response)
  return reply.run(async () => {
    await engine.images.pull(reference, {
      signal,
      onProgress: reply.step,
      ...(auth === undefined ? {} : { auth }),
      ...(platform === undefined ? {} : { platform }),
    })
    return []
  })
}

function importRootfs(engine: Engine, { query, request, response, signal }: RouteCall): Promise<typeof sent> {
  const [repo, tag] = [query.text('repo'), query.text('tag')]
  const reference = repo === undefined || tag === undefined ? repo : `${repo}:${tag}`
  const reply = new ProgressReply(response)
  return reply.run(async () => {
    const image = await engine.images.importRootfs(request, {
      reference,
      message: query.text('message'),
      changes: query.list('changes'),
      platform: query.text('platform'),
      onProgress: reply.step,
      signal,
    })
    return [{ status: image.id }]
  })
}
