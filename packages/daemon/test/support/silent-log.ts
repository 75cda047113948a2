import type { Logger } from '@pouch/volume-core'

/** Hears nothing. */
export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
