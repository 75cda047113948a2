import { type Static, Type } from '@sinclair/typebox'
import { Nullable, StringList, StringOrList } from './words.js'

const consoleSize = () => Type.Optional(Type.Array(Type.Integer(), { description: 'height and width' }))

/** The body that makes an exec. */
export const ExecCreateBodySchema = Type.Object({
  AttachStdin: Type.Optional(Type.Boolean()),
  AttachStdout: Type.Optional(Type.Boolean()),
  AttachStderr: Type.Optional(Type.Boolean()),
  ConsoleSize: consoleSize(),
  Detach: Type.Optional(Type.Boolean()),
  DetachKeys: Type.Optional(Type.String()),
  Tty: Type.Optional(Type.Boolean()),
  Env: Type.Optional(StringList),
  Cmd: Type.Optional(StringOrList),
  Privileged: Type.Optional(Type.Boolean()),
  User: Type.Optional(Type.String()),
  WorkingDir: Type.Optional(Type.String()),
})
/** The body that makes an exec. */
export type ExecCreateBody = Static<typeof ExecCreateBodySchema>

/** The body that starts an exec. `Tty` decides how the stream is framed. */
export const ExecStartBodySchema = Type.Object({
  Detach: Type.Optional(Type.Boolean()),
  Tty: Type.Optional(Type.Boolean()),
  ConsoleSize: consoleSize(),
})
/** The body that starts an exec. */
export type ExecStartBody = Static<typeof ExecStartBodySchema>

/** An exec and what became of it. `ExitCode` is null until it has ended. */
export const ExecInspectSchema = Type.Object({
  CanRemove: Type.Boolean(),
  DetachKeys: Type.String(),
  ID: Type.String(),
  Running: Type.Boolean(),
  ExitCode: Nullable(Type.Integer()),
  ProcessConfig: Type.Object({
    tty: Type.Boolean(),
    entrypoint: Type.String(),
    arguments: StringList,
    privileged: Type.Optional(Type.Boolean()),
    user: Type.Optional(Type.String()),
  }),
  OpenStdin: Type.Boolean(),
  OpenStderr: Type.Boolean(),
  OpenStdout: Type.Boolean(),
  ContainerID: Type.String(),
  Pid: Type.Integer(),
})
/** An exec and what became of it. */
export type ExecInspect = Static<typeof ExecInspectSchema>
