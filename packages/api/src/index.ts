export { DetachScanner, defaultDetachKeys, parseDetachKeys } from './detach-keys.js'
export { filterKeys } from './filter-keys.js'
export {
  assertFilterKeys,
  booleanFilter,
  encodeFilters,
  type Filters,
  matchesLabels,
  parseFilters,
} from './filters.js'
export {
  encodeFrame,
  type Frame,
  FrameDecoder,
  frameHeader,
  frameHeaderBytes,
  maxFrameBytes,
  type StreamName,
  streamTypes,
} from './frames.js'
export { buildPath } from './path.js'
export { errorOfProgress, progressError } from './progress-error.js'
export {
  encodeQuery,
  listQuery,
  parseBoolQuery,
  parseIntQuery,
  parseMapQuery,
  parseTail,
  parseTimestampQuery,
  type QueryInput,
  type QueryValue,
} from './query.js'
export type { ContainerConfig } from './schema/container-config.js'
export type {
  ContainerCreateBody,
  ContainerCreateResponse,
  ContainerPruneResponse,
  ContainerWaitResponse,
} from './schema/container-create.js'
export type { ContainerInspect, ContainerState, NetworkSettings } from './schema/container-inspect.js'
export type { ContainerSummary } from './schema/container-summary.js'
export type { ExecCreateBody, ExecInspect, ExecStartBody } from './schema/exec.js'
export type { HostConfig, PortMap } from './schema/host-config.js'
export type {
  AuthConfig,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImagePruneResponse,
  ImageSummary,
  ProgressMessage,
} from './schema/image.js'
export type { Mount, MountPoint } from './schema/mount.js'
export type { EndpointSettings, NetworkingConfig } from './schema/network.js'
export type { PouchReference, PouchVolume, PouchVolumeCreateBody, PouchVolumeList } from './schema/pouch.js'
export type { PouchDriver, PouchDriverHealth, PouchDriverList } from './schema/pouch-driver.js'
export type {
  PouchMigrateMessage,
  PouchProgress,
  PouchSnapshot,
  PouchSnapshotCreateBody,
  PouchSnapshotList,
  PouchUsage,
  PouchVolumeDetails,
  PouchVolumeImportResponse,
  PouchVolumeMigrateBody,
  PouchVolumeRenameBody,
  PouchVolumeUpdateBody,
  PouchVolumeUsage,
  PouchVolumeUsageList,
} from './schema/pouch-facets.js'
export type { DiskUsage, EventMessage, SystemInfo, SystemVersion } from './schema/system.js'
export type { Volume, VolumeCreateBody, VolumeListResponse, VolumePruneResponse } from './schema/volume.js'
export type { ErrorBody, IdResponse } from './schema/words.js'
export { codeOfStatus, statusOfCode } from './status.js'
export { apiVersion, assertVersion, compareVersions, minApiVersion, negotiateVersion, splitVersion } from './version.js'
