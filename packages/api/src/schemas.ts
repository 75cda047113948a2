/**
 * The schemas and the table of routes: what a server needs. This door loads TypeBox; the package's main one does not.
 */
export type { Route, RouteReply, RouteTag } from './routes/route.js'
export { routes } from './routes/routes.js'
export { ContainerConfigSchema, HealthConfigSchema } from './schema/container-config.js'
export {
  ContainerCreateBodySchema,
  ContainerCreateResponseSchema,
  ContainerPruneResponseSchema,
  ContainerWaitResponseSchema,
} from './schema/container-create.js'
export { ContainerInspectSchema, ContainerStateSchema, NetworkSettingsSchema } from './schema/container-inspect.js'
export { ContainerSummarySchema } from './schema/container-summary.js'
export { ExecCreateBodySchema, ExecInspectSchema, ExecStartBodySchema } from './schema/exec.js'
export { HostConfigSchema, PortMapSchema, RestartPolicySchema } from './schema/host-config.js'
export {
  AuthConfigSchema,
  ImageDeleteItemSchema,
  ImageHistoryItemSchema,
  ImageInspectSchema,
  ImagePruneResponseSchema,
  ImageSummarySchema,
  ProgressMessageSchema,
} from './schema/image.js'
export { MountPointSchema, MountSchema } from './schema/mount.js'
export { EndpointSettingsSchema, NetworkingConfigSchema } from './schema/network.js'
export {
  PouchCloneSourceSchema,
  PouchReferenceSchema,
  PouchVolumeCreateBodySchema,
  PouchVolumeListSchema,
  PouchVolumeSchema,
} from './schema/pouch.js'
export { PouchDriverHealthSchema, PouchDriverListSchema, PouchDriverSchema } from './schema/pouch-driver.js'
export {
  PouchMigrateMessageSchema,
  PouchProgressSchema,
  PouchSnapshotCreateBodySchema,
  PouchSnapshotListSchema,
  PouchSnapshotSchema,
  PouchUsageSchema,
  PouchVolumeDetailsSchema,
  PouchVolumeImportResponseSchema,
  PouchVolumeMigrateBodySchema,
  PouchVolumeRenameBodySchema,
  PouchVolumeUpdateBodySchema,
  PouchVolumeUsageListSchema,
  PouchVolumeUsageSchema,
} from './schema/pouch-facets.js'
export { DiskUsageSchema, EventMessageSchema, SystemInfoSchema, SystemVersionSchema } from './schema/system.js'
export {
  VolumeCreateBodySchema,
  VolumeListResponseSchema,
  VolumePruneResponseSchema,
  VolumeSchema,
} from './schema/volume.js'
export { ErrorBodySchema, IdResponseSchema } from './schema/words.js'
