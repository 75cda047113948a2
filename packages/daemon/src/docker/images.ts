import type { ImageDeleteItem, ImagePruneResponse, ImageSummary } from '@pouch/api'
import { booleanFilter, filterKeys, matchesLabels } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'
import type { ImageFilter } from '@pouch/image-manager'
import { parseReference } from '@pouch/image-manager'
import type { Handlers, RouteCall } from '../http/route.js'
import { historyJson, imageInspect, imageSummary } from './image-json.js'
import { createImage, loadImages } from './image-streams.js'
import { parsePruneTime } from './prune-time.js'

/** Docker's routes of images. */
export function imageHandlers(engine: Engine, snapshotter: string): Handlers {
  return {
    ImageList: (call) => list(engine, call),
    ImageCreate: (call) => createImage(engine, call),
    ImageLoad: (call) => loadImages(engine, call),
    ImageInspect: async ({ params, signal }) => {
      const image = await named(params.name ?? '', (name) => engine.images.get(name, { signal }))
      return imageInspect(image, snapshotter)
    },
    ImageHistory: async ({ params, signal }) => {
      const items = await named(params.name ?? '', (name) => engine.images.history(name, { signal }))
      return items.map(historyJson)
    },
    ImageTag: (call) => tag(engine, call),
    ImageDelete: (call) => remove(engine, call),
    ImagePrune: (call) => prune(engine, call),
  }
}

/** Runs a look-up of an image, and says in Docker's words that it is not there. */
export async function named<T>(name: string, look: (name: string) => Promise<T>): Promise<T> {
  try {
    return await look(name)
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error
    throw new PouchError('not-found', `No such image: ${withTag(name)}`, {
      op: error.op,
      subject: name,
      details: error.details,
      cause: error,
    })
  }
}

function withTag(name: string): string {
  try {
    return parseReference(name).familiar
  } catch {
    // An id: it has no tag.
    return name
  }
}

async function list(engine: Engine, { query, signal }: RouteCall): Promise<ImageSummary[]> {
  const filters = query.filters(filterKeys.images)
  const dangling = booleanFilter(filters, 'dangling')
  const [before, since] = [filters.before?.[0], filters.since?.[0]]
  const filter: ImageFilter = {
    ...(filters.reference === undefined ? {} : { references: filters.reference }),
    ...(filters.label === undefined ? {} : { labels: filters.label }),
    ...(dangling === undefined ? {} : { dangling }),
    ...(before === undefined ? {} : { before }),
    ...(since === undefined ? {} : { since }),
  }
  const untilMs = parsePruneTime(filters.until, Date.now())
  const images = await named(before ?? since ?? '', () => engine.images.list(filter, { signal }))
  const kept = images.filter(({ createdAt }) => untilMs === undefined || Date.parse(createdAt) < untilMs)
  return kept.map((image) => imageSummary(image))
}

async function tag(engine: Engine, { params, query }: RouteCall): Promise<void> {
  const [repo, tagName] = [query.text('repo') ?? '', query.text('tag')]
  await named(params.name ?? '', (name) => engine.images.tag(name, tagName === undefined ? repo : `${repo}:${tagName}`))
}

async function remove(engine: Engine, { params, query }: RouteCall): Promise<ImageDeleteItem[]> {
  const removed = await named(params.name ?? '', (name) => engine.images.remove(name, { force: query.bool('force') }))
  return removed.map(deleteItem)
}

async function prune(engine: Engine, { query, signal }: RouteCall): Promise<ImagePruneResponse> {
  const filters = query.filters(filterKeys.imagesPrune)
  const dangling = booleanFilter(filters, 'dangling') ?? true
  const untilMs = parsePruneTime(filters.until, Date.now())
  const used = new Set(engine.containers.list({ all: true }).map(({ imageId }) => imageId))
  const items: ImageDeleteItem[] = []
  let bytes = 0
  for (const image of await engine.images.list(dangling ? { dangling } : {}, { signal })) {
    if (signal.aborted) break
    const isExcepted = (filters['label!'] ?? []).some((label) => matchesLabels(image.labels, [label]))
    if (used.has(image.id) || isExcepted || !matchesLabels(image.labels, filters.label)) continue
    if (untilMs !== undefined && Date.parse(image.createdAt) >= untilMs) continue
    items.push(...(await engine.images.remove(image.id, { force: true })).map(deleteItem))
    bytes += image.sizeBytes
  }
  return { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed: bytes }
}

function deleteItem(item: { readonly untagged: string } | { readonly deleted: string }): ImageDeleteItem {
  return 'untagged' in item ? { Untagged: item.untagged } : { Deleted: item.deleted }
}
