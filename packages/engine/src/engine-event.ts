/** Something that happened, in words that container clients know; no protocol is implied. Frozen. */
export interface EngineEvent {
  /** What it happened to: `container`, `image`, `volume`. */
  readonly type: EngineEventType
  /** `create`, `start`, `die`, `destroy`, `exec_start: sh -c true`, … */
  readonly action: string
  /** The container's id, the volume's name, the image's reference or id; empty for a prune. */
  readonly subject: string
  /** Facts: a container's labels with `image` and `name`, a volume's `driver`, and what belongs to the action. */
  readonly attributes: Readonly<Record<string, string>>
  /** Nanoseconds since 1970; no two events of an engine have the same. */
  readonly timeNs: bigint
}

/** What an {@link EngineEvent} can be about. */
export type EngineEventType = 'container' | 'image' | 'volume'

/**
 * What to look for in events; several values of one key: any of them, except `label`: all. Keys: `type`, `event`
 * (the action; `exec_create` and `exec_start` match whatever they ran), `container`, `image`, `volume` (names or ids),
 * `label`. Other keys match nothing away.
 */
export type EventFilters = Readonly<Record<string, readonly string[]>>

/** Whether an event is one that the filters look for. */
export function matchesEvent(event: EngineEvent, filters: EventFilters): boolean {
  return (
    anyOf(filters.type, (type) => type === event.type) &&
    anyOf(filters.event, (action) => action === event.action || event.action.startsWith(`${action}: `)) &&
    anyOf(filters.container, (name) => isContainer(event, name)) &&
    anyOf(filters.image, (name) => isImage(event, name)) &&
    anyOf(filters.volume, (name) => event.type === 'volume' && event.subject === name) &&
    (filters.label ?? []).every((label) => hasLabel(event, label))
  )
}

function anyOf(values: readonly string[] | undefined, matches: (value: string) => boolean): boolean {
  return values === undefined || values.length === 0 || values.some(matches)
}

function isContainer({ type, subject, attributes }: EngineEvent, name: string): boolean {
  if (type !== 'container') return attributes.container === name
  return (
    subject === name || attributes.name === name.replace(/^\//, '') || (name.length >= 4 && subject.startsWith(name))
  )
}

function isImage({ type, subject, attributes }: EngineEvent, name: string): boolean {
  if (type === 'volume') return false
  const image = type === 'container' ? attributes.image : subject
  const candidates = [image, attributes.name]
  return (type === 'container' ? [image] : candidates).some(
    (text) => text !== undefined && (text === name || withoutTag(text) === name),
  )
}

function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(':')
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference
}

function hasLabel({ attributes }: EngineEvent, label: string): boolean {
  const at = label.indexOf('=')
  const key = at < 0 ? label : label.slice(0, at)
  return Object.hasOwn(attributes, key) && (at < 0 || attributes[key] === label.slice(at + 1))
}
