import { type Static, Type } from '@sinclair/typebox'
import { EmptyObjectMap, StringList, StringMap, StringOrList } from './words.js'

/** How a container's health is asked. Durations are nanoseconds. */
export const HealthConfigSchema = Type.Object({
  Test: Type.Optional(StringList),
  Interval: Type.Optional(Type.Integer()),
  Timeout: Type.Optional(Type.Integer()),
  Retries: Type.Optional(Type.Integer()),
  StartPeriod: Type.Optional(Type.Integer()),
})

/** The part of a container's configuration that does not depend on the host. */
export const ContainerConfigSchema = Type.Object({
  Hostname: Type.Optional(Type.String()),
  Domainname: Type.Optional(Type.String()),
  User: Type.Optional(Type.String()),
  AttachStdin: Type.Optional(Type.Boolean()),
  AttachStdout: Type.Optional(Type.Boolean()),
  AttachStderr: Type.Optional(Type.Boolean()),
  ExposedPorts: Type.Optional(EmptyObjectMap),
  Tty: Type.Optional(Type.Boolean()),
  OpenStdin: Type.Optional(Type.Boolean()),
  StdinOnce: Type.Optional(Type.Boolean()),
  Env: Type.Optional(StringList),
  Cmd: Type.Optional(StringOrList),
  Healthcheck: Type.Optional(HealthConfigSchema),
  ArgsEscaped: Type.Optional(Type.Boolean()),
  Image: Type.Optional(Type.String()),
  Volumes: Type.Optional(EmptyObjectMap),
  WorkingDir: Type.Optional(Type.String()),
  Entrypoint: Type.Optional(StringOrList),
  NetworkDisabled: Type.Optional(Type.Boolean()),
  MacAddress: Type.Optional(Type.String()),
  OnBuild: Type.Optional(StringList),
  Labels: Type.Optional(StringMap),
  StopSignal: Type.Optional(Type.String()),
  StopTimeout: Type.Optional(Type.Integer({ description: 'seconds' })),
  Shell: Type.Optional(StringOrList),
})
/** The part of a container's configuration that does not depend on the host. */
export type ContainerConfig = Static<typeof ContainerConfigSchema>
