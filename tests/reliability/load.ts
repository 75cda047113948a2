import { SeededRandom } from '../crash/random.js'
import type { Actor, Operation } from './operation.js'
import type { LoadEvent, LoadTask } from './victim-task.js'
import { applied, defaultDriver, type ModelState, type ModelVolume } from './volume-model.js'

/** How many clients work at a time. Each has volumes of its own, so that it knows what has become of them. */
export const loadClients = 8

/** Options of a volume that is a filesystem of its own. */
const image = { size: `${16 * 2 ** 20}`, quota: 'loop' }

/** Has clients work until the process ends, or the actor throws. Those of a daemon have no references, and its own drivers only. */
export async function underLoad(
  act: Actor,
  { seed, state }: LoadTask,
  tell: (event: LoadEvent) => void,
  { isRemote = false }: { readonly isRemote?: boolean } = {},
): Promise<void> {
  const runClient = async (client: number) => {
    const random = new SeededRandom(seed * loadClients + client)
    let known = ofClient(state, client)
    for (;;) {
      const operation = nextOperation(random, client, known, isRemote)
      tell({ event: 'asked', client, operation })
      const outcome = await act(operation)
      tell({ event: 'answered', client, outcome })
      known = applied(known, operation).state
    }
  }
  await Promise.all(Array.from({ length: loadClients }, (_, client) => runClient(client)))
}

/** The volumes of one client. */
export function ofClient(state: ModelState, client: number): ModelState {
  return Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(`c${client}-`)))
}

/** Something to do next: mostly what is possible, sometimes what is refused. */
function nextOperation(random: SeededRandom, client: number, state: ModelState, isRemote: boolean): Operation {
  const name = `c${client}-${random.pick(['aa', 'bb', 'cc']) ?? 'aa'}`
  const to = `c${client}-${random.pick(['aa', 'bb', 'cc']) ?? 'aa'}`
  const volume = state[name]
  if (volume === undefined) return newVolume(random, name, isRemote)
  const choices = [
    ...always(random, name, to),
    ...(isRemote ? [] : onReferences(random, name)),
    ...fitting(random, name, volume, isRemote),
  ]
  return random.pick(choices) ?? { do: 'remove', name }
}

function newVolume(random: SeededRandom, name: string, isRemote: boolean): Operation {
  const dice = random.next()
  if (dice < 0.3) return { do: 'import', name, content: 'red' }
  if (dice < 0.5 && !isRemote) return { do: 'create', name, driver: 'other' }
  if (dice < 0.6) return { do: 'create', name, options: image }
  return { do: 'create', name }
}

function always(random: SeededRandom, name: string, to: string): Operation[] {
  const snapshot = random.pick(['s1', 's2']) ?? 's1'
  return [
    { do: 'remove', name },
    { do: 'rename', name, to },
    { do: 'label', name, label: `${random.between(1, 9)}` },
    { do: 'clone', name, to },
    { do: 'clone', name, to, snapshot },
    { do: 'removeSnapshot', name, snapshot },
    { do: 'restore', name, snapshot },
  ]
}

function onReferences(random: SeededRandom, name: string): Operation[] {
  const reference = random.pick(['r1', 'r2']) ?? 'r1'
  return [
    { do: 'attach', name, reference },
    { do: 'attach', name, reference },
    { do: 'detach', name, reference },
    { do: 'detach', name, reference },
    { do: 'reserve', name, reference },
    { do: 'release', name, reference },
  ]
}

/** What depends on what the volume is made of. */
function fitting(
  random: SeededRandom,
  name: string,
  { driver, sizeBytes }: ModelVolume,
  isRemote: boolean,
): Operation[] {
  const isImage = driver === defaultDriver && sizeBytes !== undefined
  const snapshot = random.pick(['s1', 's2']) ?? 's1'
  const kept: Operation = { do: 'snapshot', name, snapshot, ...(isImage ? { whileInUse: true } : {}) }
  if (isImage) return [kept]
  const intoImage: Operation = { do: 'migrate', name, driver: defaultDriver, options: image }
  if (isRemote) return [kept, intoImage]
  return [kept, intoImage, { do: 'migrate', name, driver: driver === defaultDriver ? 'other' : defaultDriver }]
}
