import { type Static, Type } from '@sinclair/typebox'
import { ContainerConfigSchema } from './container-config.js'
import { GraphDriverSchema } from './container-inspect.js'
import { Nullable, StringList, StringMap, Timestamp } from './words.js'

/** One image of a list. `Created` is in seconds since 1970, sizes in bytes, -1 means not counted. */
export const ImageSummarySchema = Type.Object({
  Id: Type.String(),
  ParentId: Type.String(),
  RepoTags: StringList,
  RepoDigests: StringList,
  Created: Type.Integer(),
  Size: Type.Integer(),
  SharedSize: Type.Integer(),
  VirtualSize: Type.Optional(Type.Integer()),
  Labels: Nullable(StringMap),
  Containers: Type.Integer(),
})
/** One image of a list. */
export type ImageSummary = Static<typeof ImageSummarySchema>

/** Everything about one image. */
export const ImageInspectSchema = Type.Object({
  Id: Type.String(),
  RepoTags: StringList,
  RepoDigests: StringList,
  Parent: Type.String(),
  Comment: Type.String(),
  Created: Timestamp,
  Container: Type.String(),
  ContainerConfig: Type.Optional(ContainerConfigSchema),
  DockerVersion: Type.String(),
  Author: Type.String(),
  Config: ContainerConfigSchema,
  Architecture: Type.String(),
  Variant: Type.Optional(Type.String()),
  Os: Type.String(),
  OsVersion: Type.Optional(Type.String()),
  Size: Type.Integer(),
  VirtualSize: Type.Optional(Type.Integer()),
  GraphDriver: GraphDriverSchema,
  RootFS: Type.Object({ Type: Type.String(), Layers: StringList }),
  Metadata: Type.Object({ LastTagTime: Type.Optional(Timestamp) }),
})
/** Everything about one image. */
export type ImageInspect = Static<typeof ImageInspectSchema>

/** One layer of an image's history, the newest first. */
export const ImageHistoryItemSchema = Type.Object({
  Id: Type.String(),
  Created: Type.Integer(),
  CreatedBy: Type.String(),
  Tags: Nullable(StringList),
  Size: Type.Integer(),
  Comment: Type.String(),
})
/** One layer of an image's history. */
export type ImageHistoryItem = Static<typeof ImageHistoryItemSchema>

/** One step of an image's removal: exactly one of both is there. */
export const ImageDeleteItemSchema = Type.Object({
  Untagged: Type.Optional(Type.String()),
  Deleted: Type.Optional(Type.String()),
})
/** One step of an image's removal. */
export type ImageDeleteItem = Static<typeof ImageDeleteItemSchema>

/** The reply of a prune of images. */
export const ImagePruneResponseSchema = Type.Object({
  ImagesDeleted: Nullable(Type.Array(ImageDeleteItemSchema)),
  SpaceReclaimed: Type.Integer(),
})
/** The reply of a prune of images. */
export type ImagePruneResponse = Static<typeof ImagePruneResponseSchema>

/** One message of a progress stream (pull, load, import). An `error` ends the stream as a failure. */
export const ProgressMessageSchema = Type.Object({
  status: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
  progressDetail: Type.Optional(
    Type.Object({ current: Type.Optional(Type.Integer()), total: Type.Optional(Type.Integer()) }),
  ),
  progress: Type.Optional(Type.String()),
  stream: Type.Optional(Type.String()),
  aux: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String()),
  errorDetail: Type.Optional(
    Type.Object({
      code: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
      message: Type.Optional(Type.String()),
    }),
  ),
})
/** One message of a progress stream. */
export type ProgressMessage = Static<typeof ProgressMessageSchema>

/** Credentials of a registry, as the `X-Registry-Auth` header carries them. */
export const AuthConfigSchema = Type.Object({
  username: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  serveraddress: Type.Optional(Type.String()),
  identitytoken: Type.Optional(Type.String()),
  registrytoken: Type.Optional(Type.String()),
  auth: Type.Optional(Type.String()),
})
/** Credentials of a registry. */
export type AuthConfig = Static<typeof AuthConfigSchema>
