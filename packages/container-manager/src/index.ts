export type {
  AttachedStreams,
  AttachOptions,
  Container,
  ContainerExit,
  ContainerFilter,
  ContainerState,
  ContainerStatus,
  Exec,
  ExecConfig,
  ExecStartOptions,
  LogEntry,
  LogOptions,
  MountPoint,
  OutputChunk,
  TerminalSize,
} from './container.js'
export type {
  BindMountConfig,
  CompletedConfig,
  ContainerConfig,
  DeviceConfig,
  LogConfig,
  MountConfig,
  Propagation,
  ResourceConfig,
  TmpfsMountConfig,
  UlimitConfig,
  VolumeMountConfig,
} from './container-config.js'
export type { ContainerEvents } from './container-events.js'
export {
  type ContainerCall,
  type ContainerLimits,
  ContainerManager,
  type ContainerManagerOptions,
} from './container-manager.js'
export { type ContainerRecord, fromStored as readContainerRecord } from './container-record.js'
export type { Execs } from './execs.js'
export type { RemoveOptions } from './removal.js'
export type {
  HeldReference,
  ImageConfig,
  ImageSource,
  Logger,
  ResolvedImage,
  SourceCall,
  VolumeInfo,
  VolumeReference,
  VolumeSource,
} from './sources.js'
export type { StopOptions } from './termination.js'
export { referencePrefix } from './volume-claims.js'
