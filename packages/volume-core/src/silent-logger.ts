import type { Logger } from './driver.js'

const nothing = () => undefined

/** What an engine that was given no logger writes to. */
export const silentLogger: Logger = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing })
