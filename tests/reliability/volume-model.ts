import type { ImportOperation, Operation, Outcome } from './operation.js'

/** What is true of a volume. */
export interface ModelVolume {
  readonly driver: string
  readonly label: string
  readonly sizeBytes: number | undefined
  readonly content: string
  /** Content by snapshot. */
  readonly snapshots: Readonly<Record<string, string>>
  /** By id. `reading`: an export that goes on. */
  readonly references: Readonly<Record<string, 'reserved' | 'mounted' | 'reading'>>
}

/** All volumes by name: what an engine has to behave like, in the simplest form. Never changed, only replaced. */
export type ModelState = Readonly<Record<string, ModelVolume>>

/** What an operation does to the model, one at a time. */
export interface Answer {
  readonly state: ModelState
  readonly outcome: Outcome
}

/** The driver of volumes that name none. */
export const defaultDriver = 'local'

/** Applies an operation, as if nothing else were going on. */
export function applied(state: ModelState, operation: Operation): Answer {
  const refuse = (code: Outcome['code']): Answer => ({ state, outcome: { code } })
  const volume = state[operation.name]
  if (operation.do === 'create') return created(state, operation)
  if (operation.do === 'import') return imported(state, operation)
  if (operation.do === 'clone') return cloned(state, operation)
  if (volume === undefined) return refuse('not-found')
  const put = (change: Partial<ModelVolume>, value?: unknown): Answer => ({
    state: { ...state, [operation.name]: { ...volume, ...change } },
    outcome: value === undefined ? { code: 'ok' } : { code: 'ok', value },
  })
  const isHeld = Object.keys(volume.references).length > 0
  const isMounted = Object.values(volume.references).includes('mounted')
  const isUsed = Object.values(volume.references).some((state) => state !== 'reserved')
  const isKept = Object.keys(volume.snapshots).length > 0
  switch (operation.do) {
    case 'remove':
      return isHeld || isKept ? refuse('in-use') : { state: without(state, operation.name), outcome: { code: 'ok' } }
    case 'inspect':
      return { state, outcome: { code: 'ok', value: shown(volume) } }
    case 'export':
      if (isMounted) return refuse('in-use')
      if (operation.reader === undefined) return put({}, volume.content)
      return put({ references: { ...volume.references, [operation.reader]: 'reading' } })
    case 'endExport':
      return put({ references: without(volume.references, operation.reader) }, volume.content)
    case 'label':
      return put({ label: operation.label })
    case 'resize':
      return put({ sizeBytes: operation.sizeBytes })
    case 'write':
      return put({ content: operation.content })
    case 'rename':
      return renamed(state, volume, operation)
    case 'snapshot':
      if (volume.snapshots[operation.snapshot] !== undefined) return refuse('already-exists')
      if (isMounted && operation.whileInUse !== true) return refuse('in-use')
      return put({ snapshots: { ...volume.snapshots, [operation.snapshot]: volume.content } })
    case 'removeSnapshot':
      if (volume.snapshots[operation.snapshot] === undefined) return refuse('not-found')
      return put({ snapshots: without(volume.snapshots, operation.snapshot) })
    case 'restore': {
      const content = volume.snapshots[operation.snapshot]
      if (content === undefined) return refuse('not-found')
      return isUsed ? refuse('in-use') : put({ content })
    }
    case 'migrate':
      if (isHeld || isKept) return refuse('in-use')
      if (operation.driver === volume.driver && operation.options === undefined) return put({})
      return put({ driver: operation.driver, ...sizes(operation.options) })
    default:
      return held(state, volume, operation)
  }
}

/** All that can be told without changing anything, as text to compare. A tmpfs forgets what is in it. */
export function summaryOf(state: ModelState): string {
  const volumes = Object.entries(state).map(([name, { content, snapshots, references, ...rest }]) => {
    const kept = rest.driver === 'tmpfs' ? '' : content
    return [
      name,
      rest.driver,
      rest.label,
      rest.sizeBytes ?? null,
      kept,
      Object.keys(snapshots).sort(),
      sorted(references),
    ]
  })
  return JSON.stringify(volumes.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)))
}

/** What an inspection shows. An export is the engine's own. */
export function shown({ driver, label, sizeBytes, snapshots, references }: ModelVolume): unknown {
  const held = Object.entries(references).filter(([, state]) => state !== 'reading')
  const count = Object.keys(snapshots).length
  return { driver, label, sizeBytes: sizeBytes ?? null, snapshots: count, references: Object.fromEntries(held) }
}

function created(state: ModelState, operation: Extract<Operation, { do: 'create' }>): Answer {
  const existing = state[operation.name]
  const isTaken = existing !== undefined && operation.driver !== undefined && operation.driver !== existing.driver
  if (isTaken) return { state, outcome: { code: 'already-exists' } }
  if (existing !== undefined) return { state, outcome: { code: 'ok' } }
  return { state: { ...state, [operation.name]: fresh(operation, '') }, outcome: { code: 'ok' } }
}

function imported(state: ModelState, operation: ImportOperation): Answer {
  if (state[operation.name] !== undefined) return { state, outcome: { code: 'already-exists' } }
  return { state: { ...state, [operation.name]: fresh(operation, operation.content) }, outcome: { code: 'ok' } }
}

function cloned(state: ModelState, operation: Extract<Operation, { do: 'clone' }>): Answer {
  const source = state[operation.name]
  if (state[operation.to] !== undefined) return { state, outcome: { code: 'already-exists' } }
  if (source === undefined) return { state, outcome: { code: 'not-found' } }
  const content = operation.snapshot === undefined ? source.content : source.snapshots[operation.snapshot]
  if (content === undefined) return { state, outcome: { code: 'not-found' } }
  const isMounted = Object.values(source.references).includes('mounted')
  if (operation.snapshot === undefined && isMounted) return { state, outcome: { code: 'in-use' } }
  const clone = { ...fresh({ driver: source.driver }, content), sizeBytes: source.sizeBytes }
  return { state: { ...state, [operation.to]: clone }, outcome: { code: 'ok' } }
}

function renamed(state: ModelState, volume: ModelVolume, operation: Extract<Operation, { do: 'rename' }>): Answer {
  if (operation.name === operation.to) return { state, outcome: { code: 'ok' } }
  if (Object.keys(volume.references).length > 0) return { state, outcome: { code: 'in-use' } }
  if (state[operation.to] !== undefined) return { state, outcome: { code: 'already-exists' } }
  return { state: { ...without(state, operation.name), [operation.to]: volume }, outcome: { code: 'ok' } }
}

function held(state: ModelState, volume: ModelVolume, operation: Operation): Answer {
  if (!('reference' in operation)) throw new Error(`the model does not know ${operation.do}`)
  const { name, reference } = operation
  const now = volume.references[reference]
  const put = (next: ModelVolume['references'][string] | undefined): Answer => {
    const references =
      next === undefined ? without(volume.references, reference) : { ...volume.references, [reference]: next }
    return { state: { ...state, [name]: { ...volume, references } }, outcome: { code: 'ok' } }
  }
  switch (operation.do) {
    case 'reserve':
      return put(now ?? 'reserved')
    case 'attach':
      return put('mounted')
    case 'mount':
      return now === undefined ? { state, outcome: { code: 'not-found' } } : put('mounted')
    case 'unmount':
      return put(now === undefined ? undefined : 'reserved')
    case 'release':
      return now === 'mounted' ? { state, outcome: { code: 'conflict' } } : put(undefined)
    case 'detach':
      return put(undefined)
  }
}

function fresh(request: { readonly driver?: string; readonly options?: Options }, content: string): ModelVolume {
  const { driver = defaultDriver, options } = request
  return { driver, label: '', ...sizes(options), content, snapshots: {}, references: {} }
}

type Options = Readonly<Record<string, string>>

function sizes(options: Options | undefined): Pick<ModelVolume, 'sizeBytes'> {
  return { sizeBytes: options?.size === undefined ? undefined : Number(options.size) }
}

function without<T>(map: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _, ...rest } = map
  return rest
}

const sorted = (map: Readonly<Record<string, string>>) => Object.entries(map).sort()
