export { type Any, decodeJsonAny, encodeJsonAny, typeUrls } from './any.js'
export type { Call } from './call.js'
export { type ConnectOptions, ContainerdClient, connectContainerd, type WithLeaseOptions } from './containerd-client.js'
export type { ContentWrite, ContentWritten } from './content-write.js'
export type { Descriptor } from './descriptor.js'
export type { Logger } from './logger.js'
export type { Mount } from './mount.js'
export { decodeRuncOptions, encodeRuncOptions, type RuncOptions } from './runc-options.js'
export type { Container, ContainersService } from './services/containers-service.js'
export type { ContentInfo, ContentService, IngestStatus, ReadRange } from './services/content-service.js'
export type { ApplyOptions, DiffOptions, DiffService } from './services/diff-service.js'
export type { Envelope, EventsService, WatchedEvent } from './services/events-service.js'
export type { Image, ImagesService, NewImage } from './services/images-service.js'
export type { IntrospectionService, Plugin } from './services/introspection-service.js'
export type { Lease, LeaseOptions, LeaseResource, LeasesService } from './services/leases-service.js'
export type { Namespace, NamespacesService } from './services/namespaces-service.js'
export type {
  SnapshotInfo,
  SnapshotKind,
  SnapshotOptions,
  SnapshotsService,
  SnapshotUsage,
} from './services/snapshots-service.js'
export type { TasksService } from './services/tasks-service.js'
export type { ContainerdExit } from './supervisor/containerd-process.js'
export { type SuperviseOptions, superviseContainerd } from './supervisor/supervise-containerd.js'
export type { SupervisedContainerd, SupervisorEvents } from './supervisor/supervised-containerd.js'
export {
  type ExecOptions,
  type Exit,
  type NewTask,
  runcRuntime,
  type TaskInfo,
  type TaskMetric,
  type TaskProcess,
  type TaskStatus,
} from './task.js'
export { decodeTaskEvent, type TaskEvent } from './task-events.js'
