import type { Logger } from '@pouch/volume-core'

const nothing = () => undefined

/** What a server that was given no logger writes to. */
export const silentLogger: Logger = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing })
