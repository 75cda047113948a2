export type { KoffiLoader } from '@pouch/libc'
export { canonicalPath, isWithin } from './canonical-path.js'
export { findMount, isMountpoint, mountsUnder } from './find-mount.js'
export { bindMount, mkfifo, mount, punchHole, unmount } from './mount.js'
export { mountFlags, type Propagation } from './mount-flags.js'
export { type MountOptions, parseMountOptions } from './mount-options.js'
export {
  type BindOptions,
  defaultDeadlineMs,
  type MountCall,
  type MountRequest,
  type UnmountOptions,
} from './mount-request.js'
export { Mounter, type MounterOptions } from './mounter.js'
export { type MountEntry, parseMountinfo, readMountinfo } from './mountinfo.js'
