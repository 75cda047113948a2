export { Daemon, startDaemon } from './daemon.js'
export { type Invocation, parseInvocation } from './flags.js'
export { main } from './main.js'
export type { LogLevel, Settings, StoreKind } from './settings.js'
