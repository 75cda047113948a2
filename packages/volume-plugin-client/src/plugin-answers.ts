import { isAbsolute } from 'node:path'
import type { FoundVolume, JsonValue } from '@pouch/volume-core/driver'
import { type SentCall, wordsOf } from './plugin-call.js'
import type { PluginReply } from './plugin-connection.js'
import { PluginFailure } from './plugin-failure.js'

/** The object that a plugin answered. */
export type PluginAnswer = Readonly<Record<string, JsonValue>>

/** What a text of the plugin's is cut to in an error. */
const longestText = 2000
/** 2 to 255 characters that the engine lets through; what is called otherwise cannot be asked for. */
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * The object in a reply.
 *
 * @throws PluginFailure `internal`: `refused` for an answer with an error in it or a status other than 200, `unknown` for one that makes
 *   no sense
 */
export function answerOf(reply: PluginReply, call: SentCall): PluginAnswer {
  const parsed = parse(reply.body)
  const answer = isObject(parsed) ? parsed : undefined
  const error = answer === undefined ? undefined : errorTextOf(answer)
  if (reply.status !== 200) {
    const text = error ?? (reply.body.trim() || `it said nothing but status ${reply.status}`)
    throw refusal(text, reply.status, call)
  }
  if (error !== undefined) throw refusal(error, reply.status, call)
  if (answer !== undefined) return answer
  const text = `was answered with ${shown(reply.body)}, which is no JSON object: is it a volume plugin that listens there?`
  throw failure(text, call, { outcome: 'unknown' }, {})
}

/** The value under a name, in whatever case: dockerd reads answers so, and plugins rely on it. */
export function fieldOf(answer: PluginAnswer, name: string): JsonValue | undefined {
  if (Object.hasOwn(answer, name)) return answer[name]
  const key = Object.keys(answer).find((each) => each.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : answer[key]
}

/** The path that a Mount answered. @throws PluginFailure `internal` when it is none */
export function mountpointOf(answer: PluginAnswer, call: SentCall): string {
  const path = fieldOf(answer, 'Mountpoint')
  if (isUsablePath(path)) return path
  const text = `was answered with the mountpoint ${shown(JSON.stringify(path ?? null))}, which is no absolute path`
  throw failure(text, call, { outcome: 'unknown' }, {})
}

/** The volume of a Get; `undefined` when the plugin answered that there is none. */
export function volumeOf(answer: PluginAnswer, call: SentCall): FoundVolume | undefined {
  const volume = fieldOf(answer, 'Volume')
  if (volume === undefined || volume === null) return undefined
  const found = foundVolume(volume, call.subject)
  if (found !== undefined && found.name === call.subject) return found
  const text = `was answered with ${shown(JSON.stringify(volume))}, which is not that volume`
  throw failure(text, call, { outcome: 'unknown' }, {})
}

/** The volumes of a List. What cannot be a volume of the engine's is left out, and counted. */
export function volumesOf(answer: PluginAnswer, call: SentCall): { volumes: FoundVolume[]; leftOut: number } {
  const list = fieldOf(answer, 'Volumes') ?? []
  if (!Array.isArray(list)) {
    const text = `was answered with ${shown(JSON.stringify(list))} where a list of volumes is due`
    throw failure(text, call, { outcome: 'unknown' }, {})
  }
  const byName = new Map<string, FoundVolume>()
  for (const each of list) {
    const found = foundVolume(each)
    if (found !== undefined && !byName.has(found.name)) byName.set(found.name, found)
  }
  return { volumes: [...byName.values()], leftOut: list.length - byName.size }
}

/** `local` for every answer but `global`, as dockerd has it. */
export function scopeOf(answer: PluginAnswer): 'local' | 'global' {
  const capabilities = fieldOf(answer, 'Capabilities')
  const scope = isObject(capabilities) ? fieldOf(capabilities, 'Scope') : undefined
  return typeof scope === 'string' && scope.toLowerCase() === 'global' ? 'global' : 'local'
}

/** Whether a plugin said that it is one for volumes. */
export function isVolumePlugin(answer: PluginAnswer): boolean {
  const kinds = fieldOf(answer, 'Implements')
  return Array.isArray(kinds) && kinds.includes('VolumeDriver')
}

/** @param asked what it is called when it does not say so */
function foundVolume(value: JsonValue, asked?: string): FoundVolume | undefined {
  if (!isObject(value)) return undefined
  const name = fieldOf(value, 'Name') || asked
  if (typeof name !== 'string' || !namePattern.test(name)) return undefined
  const path = fieldOf(value, 'Mountpoint')
  const createdAt = fieldOf(value, 'CreatedAt')
  const status = fieldOf(value, 'Status')
  return Object.freeze({
    name,
    // Whether Pouch made it is told by its record, and this one comes without.
    state: { made: false },
    ...(isUsablePath(path) ? { path } : {}),
    ...(isTime(createdAt) ? { createdAt } : {}),
    ...(isObject(status) ? { status } : {}),
  })
}

function isUsablePath(path: JsonValue | undefined): path is string {
  return typeof path === 'string' && isAbsolute(path) && !path.includes('\0')
}

/** Go's zero time, year 1, is how plugins leave it out. */
function isTime(text: JsonValue | undefined): text is string {
  return typeof text === 'string' && timePattern.test(text) && Date.parse(text) > 0
}

function errorTextOf(answer: PluginAnswer): string | undefined {
  const error = fieldOf(answer, 'Err')
  if (error === undefined || error === null || error === '') return undefined
  return typeof error === 'string' ? error : JSON.stringify(error)
}

function refusal(text: string, status: number, call: SentCall): PluginFailure {
  const answer = text.slice(0, longestText)
  return failure(`was refused: ${answer}`, call, { outcome: 'refused' }, { status, answer })
}

function failure(why: string, call: SentCall, what: Pick<PluginFailure, 'outcome'>, more: object): PluginFailure {
  const details = { plugin: call.plugin, method: call.method, address: call.address, ...more }
  const about = { op: `plugin.${call.method}`, subject: call.subject ?? call.plugin, details }
  return new PluginFailure('internal', `${wordsOf(call)} ${why}`, { ...about, ...what })
}

function parse(body: string): JsonValue | undefined {
  try {
    return JSON.parse(body) as JsonValue
  } catch {
    // Plain text, as of a proxy or of a plugin that panicked: whoever asked tells what it was.
    return undefined
  }
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(text: string): string {
  return text.length > 200 ? `${JSON.stringify(text.slice(0, 200))}…` : JSON.stringify(text)
}
