import { join } from 'node:path'
import type { MetadataStore } from '@pouch/store'
import { sqliteStore } from '@pouch/store-sqlite'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { type DriverDefinition, type FacetName, facetNames } from '@pouch/volume-core/driver'
import { memoryDriver } from '@pouch/volume-core/testing'
import { local } from '@pouch/volume-local'
import { tmpfs } from '@pouch/volume-tmpfs'
import type { FaultPlan } from './faults/fault-plan.js'
import { faultyDriver } from './faults/faulty-driver.js'
import { faultyStore } from './faults/faulty-store.js'

/** What is killed and looked at: a volume engine as an application has it, over SQLite and real drivers. */
export interface Subject {
  readonly engine: VolumeEngine
  readonly store: MetadataStore
  close(): Promise<void>
}

/** Opens one on a home. With a plan its store and its drivers are faulty. */
export async function openSubject(home: string, plan?: FaultPlan): Promise<Subject> {
  const opened = await sqliteStore({ path: join(home, 'pouch.db') })
  const store = plan === undefined ? opened : faultyStore(opened, plan)
  const definitions = [local(), tmpfs(), otherDriver()]
  const drivers = plan === undefined ? definitions : definitions.map((each) => faultyDriver(each, plan))
  const engine = await createVolumeEngine({ home, drivers, store, hostName: 'here' })
  const close = async () => {
    await engine.close()
    await store.close()
  }
  return { engine, store, close }
}

/** A driver that mounts for each reference: what volumes migrate to and from. */
function otherDriver(): DriverDefinition {
  const facets = facetNames.filter((facet: FacetName) => facet !== 'inventory')
  return memoryDriver({ name: 'other', mounts: 'reference', facets })
}
