import { isContentDigest } from './digest.js'
import {
  isJsonObject,
  isStringArray,
  isStringRecord,
  type JsonObject,
  malformed,
  parseJsonObject,
} from './json-document.js'

/** An image's configuration document, in the spelling of the OCI image specification. */
export interface OciImageConfig {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly 'os.version'?: string
  /** RFC 3339. */
  readonly created?: string
  readonly author?: string
  readonly comment?: string
  readonly docker_version?: string
  readonly config: ImageRunConfig
  /** The digests of the uncompressed layers, lowest first. */
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] }
  readonly history: readonly ImageHistory[]
}

/** What a container of the image runs with unless told otherwise; OCI's and Docker's spelling. */
export interface ImageRunConfig {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly Shell?: readonly string[]
  readonly OnBuild?: readonly string[]
  readonly ArgsEscaped?: boolean
  /** Docker's own; as the image has it. */
  readonly Healthcheck?: Readonly<Record<string, unknown>>
}

/** One step of how an image was made. */
export interface ImageHistory {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  /** The step changed no file, so it has no layer. */
  readonly empty_layer?: boolean
}

const isString = (value: unknown): value is string => typeof value === 'string'
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isSet = (value: unknown): value is Readonly<Record<string, object>> =>
  isJsonObject(value) && Object.values(value).every((each) => isJsonObject(each))

const runFields = {
  User: isString,
  ExposedPorts: isSet,
  Env: isStringArray,
  Entrypoint: isStringArray,
  Cmd: isStringArray,
  Volumes: isSet,
  WorkingDir: isString,
  Labels: isStringRecord,
  StopSignal: isString,
  Shell: isStringArray,
  OnBuild: isStringArray,
  ArgsEscaped: isBoolean,
  Healthcheck: isJsonObject,
}
const aboutFields = {
  variant: isString,
  'os.version': isString,
  created: isString,
  author: isString,
  comment: isString,
  docker_version: isString,
}
const historyFields = {
  created: isString,
  created_by: isString,
  author: isString,
  comment: isString,
  empty_layer: isBoolean,
}

/**
 * Reads an image's configuration that somebody else made. Unknown fields and nulls are dropped.
 *
 * @throws PouchError `invalid-argument`
 */
export function parseImageConfig(bytes: Uint8Array, what: string): OciImageConfig {
  const document = parseJsonObject(bytes, what)
  const { architecture, os, rootfs, history, config } = document
  if (typeof os !== 'string' || os === '' || typeof architecture !== 'string')
    throw malformed(what, 'it names no platform')
  if (config !== undefined && config !== null && !isJsonObject(config))
    throw malformed(what, 'its config is not an object')
  return {
    architecture,
    os,
    ...pick(document, aboutFields, what),
    config: isJsonObject(config) ? pick(config, runFields, `${what}: config`) : {},
    rootfs: { type: 'layers', diff_ids: diffIdsOf(rootfs, what) },
    history: historyOf(history, what),
  }
}

function diffIdsOf(rootfs: unknown, what: string): readonly string[] {
  const diffIds = isJsonObject(rootfs) && rootfs.type === 'layers' ? (rootfs.diff_ids ?? []) : undefined
  if (!Array.isArray(diffIds) || !diffIds.every(isContentDigest))
    throw malformed(what, 'its rootfs is not a list of layers')
  return diffIds
}

function historyOf(history: unknown, what: string): readonly ImageHistory[] {
  if (history === undefined || history === null) return []
  if (!Array.isArray(history) || !history.every(isJsonObject))
    throw malformed(what, 'its history is not a list of objects')
  return history.map((each) => pick(each, historyFields, `${what}: history`))
}

type Checks = Readonly<Record<string, (value: unknown) => boolean>>
type Picked<Fields extends Checks> = {
  readonly [Name in keyof Fields]?: Fields[Name] extends (value: unknown) => value is infer Value ? Value : never
}

function pick<Fields extends Checks>(source: JsonObject, fields: Fields, what: string): Picked<Fields> {
  const picked: Record<string, unknown> = {}
  for (const [name, fits] of Object.entries(fields)) {
    const value = source[name]
    if (value === undefined || value === null) continue
    if (!fits(value)) throw malformed(what, `its ${name} is of the wrong type`)
    picked[name] = value
  }
  return picked as Picked<Fields>
}
