import * as real from '@pouch/volume-tmpfs'
import { faultyDriver } from '../faults/faulty-driver.js'
import { plan } from './armed-plan.js'

export * from '@pouch/volume-tmpfs'

/** The driver, each change of which is a step. */
export const tmpfs: typeof real.tmpfs = (...args) => faultyDriver(real.tmpfs(...args), plan)
