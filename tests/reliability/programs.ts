import fc from 'fast-check'
import type { Operation } from './operation.js'

/** How many clients work at a time. */
export const clients = 8

const name = fc.constantFrom('aa', 'bb', 'cc')
const reference = fc.constantFrom('r1', 'r2')
const snapshot = fc.constantFrom('s1', 's2')
const driver = fc.constantFrom('local', 'other')
const content = fc.constantFrom('red', 'green')
const is = <const T extends string>(word: T) => fc.constant(word)

const onNames: fc.WeightedArbitrary<Operation>[] = [
  { weight: 6, arbitrary: fc.record({ do: is('create'), name }) },
  { weight: 2, arbitrary: fc.record({ do: is('create'), name, driver }) },
  { weight: 3, arbitrary: fc.record({ do: is('remove'), name }) },
  { weight: 2, arbitrary: fc.record({ do: is('inspect'), name }) },
  { weight: 1, arbitrary: fc.record({ do: is('export'), name }) },
  { weight: 1, arbitrary: fc.record({ do: is('label'), name, label: content }) },
  { weight: 1, arbitrary: fc.record({ do: is('resize'), name, sizeBytes: fc.constantFrom(2 ** 20, 2 ** 21) }) },
  { weight: 2, arbitrary: fc.record({ do: is('rename'), name, to: name }) },
  { weight: 2, arbitrary: fc.record({ do: is('snapshot'), name, snapshot }) },
  { weight: 1, arbitrary: fc.record({ do: is('removeSnapshot'), name, snapshot }) },
  { weight: 1, arbitrary: fc.record({ do: is('restore'), name, snapshot }) },
  { weight: 1, arbitrary: fc.record({ do: is('clone'), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ do: is('clone'), name, to: name, snapshot }) },
  { weight: 2, arbitrary: fc.record({ do: is('import'), name, content }) },
  { weight: 1, arbitrary: fc.record({ do: is('migrate'), name, driver }) },
]

const onReferences: fc.WeightedArbitrary<Operation>[] = [
  { weight: 3, arbitrary: fc.record({ do: is('attach'), name, reference }) },
  { weight: 3, arbitrary: fc.record({ do: is('detach'), name, reference }) },
  { weight: 1, arbitrary: fc.record({ do: is('reserve'), name, reference }) },
  { weight: 1, arbitrary: fc.record({ do: is('release'), name, reference }) },
  { weight: 1, arbitrary: fc.record({ do: is('mount'), name, reference }) },
  { weight: 1, arbitrary: fc.record({ do: is('unmount'), name, reference }) },
]

/** What the clients are to do: a program each. References are held in the process of the engine: HTTP has none. */
export function programs({ hasReferences }: { readonly hasReferences: boolean }): fc.Arbitrary<Operation[][]> {
  const operation = fc.oneof(...onNames, ...(hasReferences ? onReferences : []))
  const program = fc.array(operation, { maxLength: 5 })
  return fc.array(program, { minLength: clients, maxLength: clients })
}
