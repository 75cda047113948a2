export type {
  Driver,
  DriverDefinition,
  DriverSource,
  FacetName,
  Health,
  JsonValue,
  Logger,
  OptionSpec,
  OptionTable,
  Usage,
} from './driver.js'
export { checkDefinitions as checkDriverDefinitions, type DriverInfo } from './driver-table.js'
export { anonymousLabel } from './new-volume.js'
export type {
  CreateRequest,
  HeldReference,
  PruneRequest,
  PruneResult,
  Reference,
  ReferenceRequest,
  ReferenceState,
  Volume,
  VolumeCall,
  VolumeFilter,
  VolumeList,
  VolumePhase,
  VolumeStatus,
} from './volume.js'
export { createVolumeEngine, type VolumeEngine, type VolumeEngineOptions } from './volume-engine.js'
export type { VolumeEmitter, VolumeEvents } from './volume-events.js'
export type { VolumeManager } from './volume-manager.js'
export { type ReferenceRecord, type VolumeRecord, volumeRecords } from './volume-record.js'
export type {
  CloneSource,
  DriverHealth,
  ExportRequest,
  ImportRequest,
  MigrateRequest,
  RemoveCall,
  Snapshot,
  SnapshotCreateRequest,
  TransferProgress,
  UpdateRequest,
  VolumeArchive,
  VolumeDetails,
  VolumeUsage,
} from './volume-requests.js'
