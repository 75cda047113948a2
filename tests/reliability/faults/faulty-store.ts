import type { JsonValue, MetadataStore, StoreOperation } from '@pouch/store'
import type { FaultPlan } from './fault-plan.js'

/** What only reads, or ends. Whatever else a store may ever have is a step. */
const untouched = new Set(['get', 'list', 'watch', 'close'])

/** A store whose every write is a step of a plan. */
export function faultyStore(store: MetadataStore, plan: FaultPlan): MetadataStore {
  return new Proxy(store, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      const verb = String(key)
      if (untouched.has(verb)) return value.bind(target)
      return async (...args: unknown[]) =>
        await plan.around('calls', described(verb, args), async () => await Reflect.apply(value, target, args))
    },
  })
}

function described(verb: string, args: readonly unknown[]): string {
  const [subject, value] = args
  if (Array.isArray(subject)) {
    const parts = (subject as readonly StoreOperation[]).map((each) =>
      [each.type, place(each.key), 'value' in each ? told(each.value) : ''].filter(Boolean).join(' '),
    )
    return `store.${verb} ${parts.join(' + ')}`
  }
  const record = verb === 'delete' ? '' : told(value as JsonValue)
  const isLazy = args.some((each) => typeof each === 'object' && each !== null && 'lazy' in each && each.lazy === true)
  return [`store.${verb}`, place(String(subject)), record, isLazy ? 'lazily' : ''].filter(Boolean).join(' ')
}

/** The kind of a key, without what is made up or chosen in it. */
const place = (key: string): string => key.replace(/^(volume)\/.*$/, '$1').replace(/[0-9a-f]{32,}|(?<=\/)\d+$/g, '…')

/** What a volume's record says about how far it is. */
function told(value: JsonValue | undefined): string {
  const record = objectIn(objectIn(value).data)
  if (typeof record.phase !== 'string') return ''
  const references = listIn(record.references).map(({ state }) => String(state))
  const unfinished = listIn(record.snapshots).flatMap(({ phase }) => (phase === 'ready' ? [] : [`snapshot ${phase}`]))
  const { kind } = objectIn(record.pending)
  const pending = typeof kind === 'string' ? [`pending ${kind}`] : []
  const filling = typeof record.filling === 'string' ? [`filling from ${record.filling}`] : []
  return `(${[record.phase, ...filling, ...pending, ...unfinished, ...references].join(', ')})`
}

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function listIn(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(objectIn) : []
}
