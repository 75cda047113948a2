import { type Any, typeUrls } from './any.js'
import { Options } from './gen/runc_options.js'

/** Options of the runc shim. */
export interface RuncOptions {
  /** The runtime's program; `runc` on the PATH by default. */
  readonly binaryName?: string | undefined
  /** Where runc keeps its state. */
  readonly root?: string | undefined
  /** systemd makes the cgroups. */
  readonly systemdCgroup?: boolean | undefined
  /** Owner of the FIFOs' ends and of the terminal. */
  readonly ioUid?: number | undefined
  readonly ioGid?: number | undefined
  /** For a root file system on a ramdisk. */
  readonly noPivotRoot?: boolean | undefined
  readonly noNewKeyring?: boolean | undefined
  /** The cgroup that the shim itself goes into. */
  readonly shimCgroup?: string | undefined
}

/** The options as a container's `runtime.options` and as `tasks.create` take them. */
export function encodeRuncOptions(options: RuncOptions): Any {
  return { typeUrl: typeUrls.runcOptions, value: Options.encode({ ...options }).finish() }
}

/** What {@link encodeRuncOptions} encoded. */
export function decodeRuncOptions(any: Any): RuncOptions {
  return Options.decode(any.value)
}
