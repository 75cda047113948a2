import { describe, expect, it } from 'vitest'
import { facetNames } from '../../src/driver.js'
import { facetOperations } from '../../src/facet-operations.js'
import { mounted } from '../support/facet-sabotage.js'
import { bound, failuresOf, type Sabotage } from '../support/sabotage.js'

describe('the suite fails a driver whose facet is not whole:', () => {
  const operations = facetNames.flatMap((facet) =>
    facetOperations[facet].map((operation) => [facet, operation] as const),
  )
  it.each(operations)('%s lacks %s', async (facet, operation) => {
    const spoil: Sabotage['spoil'] = (good) => ({ [facet]: { ...bound(good[facet] ?? {}), [operation]: undefined } })
    const failures = await failuresOf({ memory: mounted, spoil }, (title) => title.startsWith('has the facets'))
    expect(failures).toHaveLength(1)
  })
})
