export type { Capability } from '@pouch/libc'
export { hasCapability } from './capability.js'
export { deleteSubvolume, removeStaleQgroups } from './delete-subvolume.js'
export { type FilesystemFacts, inspectFilesystem, type QuotaFacts } from './filesystem-facts.js'
export { freeze, thaw } from './freeze.js'
export { growImage, type ResizeRequest } from './grow-image.js'
export {
  createImage,
  type FilesystemUsage,
  filesystemUsage,
  type ImageFacts,
  type ImageRequest,
  inspectImage,
} from './image.js'
export { Kernel, type KernelOptions, type QuotaCall } from './kernel.js'
export {
  type AttachOptions,
  attachImage,
  detachLoop,
  findLoop,
  type LoopAttachment,
  type LoopDevice,
} from './loop-device.js'
export { type MountedImage, type MountImageOptions, mountImage, mountsOfImage, unmountImage } from './mount-image.js'
export {
  assignProject,
  clearProject,
  firstProjectId,
  lastProjectId,
  type ProjectMark,
  projectOf,
} from './project.js'
export { freeProjectId, nextProjectId, type ProjectIdRange, projectUsages, usedProjectIds } from './project-ids.js'
export {
  clearProjectLimit,
  type ProjectLimit,
  type ProjectUsage,
  projectUsage,
  setProjectLimit,
} from './project-limit.js'
export { enableQuota, type QgroupUsage, qgroupUsage, quotaIsEnabled, setQgroupLimit, waitForRescan } from './qgroup.js'
export { shrinkImage } from './shrink-image.js'
export {
  createSubvolume,
  isSubvolume,
  setSubvolumeReadOnly,
  snapshotSubvolume,
  subvolumeId,
} from './subvolume.js'
export { type FrozenOptions, whileFrozen } from './while-frozen.js'
