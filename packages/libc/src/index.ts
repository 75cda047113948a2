export { bindLibc, type KoffiLoader } from './bind-libc.js'
export { type Capability, capabilityNames } from './capability-names.js'
export type { Argument, Bound, BoundFunction, Declaration, Declarations, Outcome } from './declaration.js'
export { errnoName } from './errno-name.js'
