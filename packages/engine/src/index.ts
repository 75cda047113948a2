export { createEngine, type EngineOptions } from './create-engine.js'
export { Engine } from './engine.js'
export type { EngineEvent, EngineEventType, EventFilters } from './engine-event.js'
export type { EngineEvents } from './engine-events.js'
export type { EventRange } from './event-log.js'
export { type HostFacts, hostFacts } from './host-facts.js'
export {
  type ContainerdFacts,
  type DiskUsage,
  type DriverReport,
  type EngineInfo,
  type EngineVersion,
  type EventQuery,
  SystemManager,
  type SystemManagerOptions,
  type VolumeDiskUsage,
} from './system-manager.js'
