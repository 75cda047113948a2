export { type CompareOptions, compareTrees, type TreeDifference } from './compare-trees.js'
export { type CompressionFormat, compressed, decompressed } from './compression.js'
export { type CopyOptions, type CopyOutcome, copyTree } from './copy-tree.js'
export { makeDirectories } from './make-directories.js'
export { type MeasureOptions, measureTree, type TreeSize } from './measure-tree.js'
export { type PackOptions, packTree } from './pack-tree.js'
export type {
  Ownership,
  TreeCall,
  TreeProgress,
  TreeTotals,
  TreeWarning,
  TreeWarningCode,
  WriteTreeCall,
} from './tree-call.js'
export { type UnpackLimits, type UnpackOptions, unpackTree } from './unpack-tree.js'
