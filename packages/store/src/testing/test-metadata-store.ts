import assert from 'node:assert/strict'
import { batches } from './batches.js'
import { durability } from './durability.js'
import { endings } from './endings.js'
import { entries } from './entries.js'
import { limits } from './limits.js'
import { listing } from './listing.js'
import { races } from './races.js'
import type { StoreCase, StoreSuite } from './store-suite.js'
import { values } from './values.js'
import { watching } from './watching.js'

/**
 * Tests that a store keeps the contract of {@link MetadataStore}: one `describe` with every test in it.
 *
 *     testMetadataStore({ runner: { describe, it }, name: 'memory', expects, open: async () => ({ store, close }) })
 *
 * Every test opens a store of its own and closes it, also when the test fails.
 */
export function testMetadataStore(suite: StoreSuite): void {
  const { describe, it } = suite.runner
  const groups = [entries, values, limits, batches, races, listing, watching, durability, endings]
  describe(`${suite.name} keeps the contract of MetadataStore`, () => {
    it('tells its capabilities honestly', () => runCase(suite, capabilities(suite)))
    for (const { title, cases } of groups) {
      describe(title, () => {
        for (const each of cases) {
          if (each.needs === undefined || suite.expects[each.needs]) it(each.title, () => runCase(suite, each))
        }
      })
    }
  })
}

async function runCase(suite: StoreSuite, { run }: StoreCase): Promise<void> {
  const opened = await suite.open()
  try {
    await run(opened.store, opened)
  } finally {
    await opened.close()
  }
}

function capabilities({ expects }: StoreSuite): StoreCase {
  return {
    title: 'capabilities',
    async run(store, { reopen }) {
      assert.deepEqual({ ...store.capabilities }, { ...expects })
      assert(!expects.durable || reopen !== undefined, 'a durable store is tested with reopen')
    },
  }
}
