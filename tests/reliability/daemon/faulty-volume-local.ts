import * as real from '@pouch/volume-local'
import { faultyDriver } from '../faults/faulty-driver.js'
import { plan } from './armed-plan.js'

export * from '@pouch/volume-local'

/** The driver, each change of which is a step. */
export const local: typeof real.local = (...args) => faultyDriver(real.local(...args), plan)
