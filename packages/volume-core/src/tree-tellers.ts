import type { TreeCall } from '@pouch/file-tree'
import type { ExportRequest } from './volume-requests.js'

/** What work on a tree of files tells, in the words of a volume's transfer. */
export function treeTellers(
  { onWarning, onProgress }: Pick<ExportRequest, 'onWarning' | 'onProgress'>,
  signal: AbortSignal | undefined,
): Pick<TreeCall, 'onWarning' | 'onProgress' | 'signal'> {
  return {
    signal,
    onWarning: onWarning && (({ message }) => onWarning(message)),
    onProgress: onProgress && (({ entries, bytes }) => onProgress({ files: entries, bytes })),
  }
}
