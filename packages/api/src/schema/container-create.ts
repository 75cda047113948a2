import { type Static, Type } from '@sinclair/typebox'
import { ContainerConfigSchema } from './container-config.js'
import { HostConfigSchema } from './host-config.js'
import { NetworkingConfigSchema } from './network.js'
import { StringList } from './words.js'

/** The body of a create: a container's configuration, with its host and network parts beside it. */
export const ContainerCreateBodySchema = Type.Object({
  ...ContainerConfigSchema.properties,
  HostConfig: Type.Optional(HostConfigSchema),
  NetworkingConfig: Type.Optional(NetworkingConfigSchema),
})
/** The body of a create. */
export type ContainerCreateBody = Static<typeof ContainerCreateBodySchema>

/** The reply of a create. Warnings is never null. */
export const ContainerCreateResponseSchema = Type.Object({ Id: Type.String(), Warnings: StringList })
/** The reply of a create. */
export type ContainerCreateResponse = Static<typeof ContainerCreateResponseSchema>

/** The reply of a wait, sent when the condition holds. */
export const ContainerWaitResponseSchema = Type.Object({
  StatusCode: Type.Integer(),
  Error: Type.Optional(Type.Union([Type.Object({ Message: Type.Optional(Type.String()) }), Type.Null()])),
})
/** The reply of a wait. */
export type ContainerWaitResponse = Static<typeof ContainerWaitResponseSchema>

/** The reply of a prune of containers. */
export const ContainerPruneResponseSchema = Type.Object({
  ContainersDeleted: Type.Union([StringList, Type.Null()]),
  SpaceReclaimed: Type.Integer(),
})
/** The reply of a prune of containers. */
export type ContainerPruneResponse = Static<typeof ContainerPruneResponseSchema>
