import { type Static, Type } from '@sinclair/typebox'
import { Nullable, StringList, StringMap } from './words.js'

/** A container's place in a network. */
export const EndpointSettingsSchema = Type.Object({
  IPAMConfig: Type.Optional(
    Nullable(
      Type.Object({
        IPv4Address: Type.Optional(Type.String()),
        IPv6Address: Type.Optional(Type.String()),
        LinkLocalIPs: Type.Optional(StringList),
      }),
    ),
  ),
  Links: Type.Optional(Nullable(StringList)),
  Aliases: Type.Optional(Nullable(StringList)),
  NetworkID: Type.Optional(Type.String()),
  EndpointID: Type.Optional(Type.String()),
  Gateway: Type.Optional(Type.String()),
  IPAddress: Type.Optional(Type.String()),
  IPPrefixLen: Type.Optional(Type.Integer()),
  IPv6Gateway: Type.Optional(Type.String()),
  GlobalIPv6Address: Type.Optional(Type.String()),
  GlobalIPv6PrefixLen: Type.Optional(Type.Integer()),
  MacAddress: Type.Optional(Type.String()),
  DriverOpts: Type.Optional(Nullable(StringMap)),
})
/** A container's place in a network. */
export type EndpointSettings = Static<typeof EndpointSettingsSchema>

/** The networks that a container is created in, by name. */
export const NetworkingConfigSchema = Type.Object({
  EndpointsConfig: Type.Optional(Nullable(Type.Record(Type.String(), Nullable(EndpointSettingsSchema)))),
})
/** The networks that a container is created in, by name. */
export type NetworkingConfig = Static<typeof NetworkingConfigSchema>
