import { Type } from '@sinclair/typebox'
import { filterKeys } from '../filter-keys.js'
import {
  ImageDeleteItemSchema,
  ImageHistoryItemSchema,
  ImageInspectSchema,
  ImagePruneResponseSchema,
  ImageSummarySchema,
  ProgressMessageSchema,
} from '../schema/image.js'
import { filters, flag, text } from './query-types.js'
import { replies } from './replies.js'
import type { Route } from './route.js'

const tag = 'Images'

/** The routes of images. Names may have slashes. */
export const imageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/images/json',
    operationId: 'ImageList',
    summary: 'List images, the newest first',
    tag,
    query: Type.Object({ all: flag(), filters: filters(filterKeys.images), 'shared-size': flag(), digests: flag() }),
    replies: replies(200, Type.Array(ImageSummarySchema)),
  },
  {
    method: 'POST',
    path: '/images/create',
    operationId: 'ImageCreate',
    summary: 'Pull an image (fromImage), or import a root filesystem (fromSrc)',
    tag,
    query: Type.Object({
      fromImage: text(),
      fromSrc: text(),
      repo: text(),
      tag: text(),
      message: text(),
      changes: Type.Optional(Type.Array(Type.String())),
      platform: text(),
    }),
    upload: 'application/x-tar',
    stream: 'progress',
    replies: replies(200, ProgressMessageSchema, [404]),
  },
  {
    method: 'POST',
    path: '/images/load',
    operationId: 'ImageLoad',
    summary: 'Load images from a tar archive',
    tag,
    query: Type.Object({ quiet: flag() }),
    upload: 'application/x-tar',
    stream: 'progress',
    replies: replies(200, ProgressMessageSchema),
  },
  {
    method: 'GET',
    path: '/images/{name}/json',
    operationId: 'ImageInspect',
    summary: 'Show everything about an image',
    tag,
    replies: replies(200, ImageInspectSchema, [404]),
  },
  {
    method: 'GET',
    path: '/images/{name}/history',
    operationId: 'ImageHistory',
    summary: 'List the layers of an image, the newest first',
    tag,
    replies: replies(200, Type.Array(ImageHistoryItemSchema), [404]),
  },
  {
    method: 'POST',
    path: '/images/{name}/tag',
    operationId: 'ImageTag',
    summary: 'Give an image another name',
    tag,
    query: Type.Object({ repo: text(), tag: text() }),
    replies: replies(201, undefined, [404, 409]),
  },
  {
    method: 'DELETE',
    path: '/images/{name}',
    operationId: 'ImageDelete',
    summary: 'Remove a name of an image, and the image with its last one',
    tag,
    query: Type.Object({ force: flag(), noprune: flag() }),
    replies: replies(200, Type.Array(ImageDeleteItemSchema), [404, 409]),
  },
  {
    method: 'POST',
    path: '/images/prune',
    operationId: 'ImagePrune',
    summary: 'Remove the images that nothing uses',
    tag,
    query: Type.Object({ filters: filters(filterKeys.imagesPrune) }),
    replies: replies(200, ImagePruneResponseSchema),
  },
]
