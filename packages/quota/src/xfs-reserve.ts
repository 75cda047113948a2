const features = { freeInodeTree: 1, reverseMap: 2, sharedBlocks: 4 } as const
const blockHeadBytes = 56
/** Of each group, for the lists of free blocks. */
const setAsideBlocks = 8
const mostPoolBlocks = 8192
const inodesPerRecord = 64

/** How many records a block of a tree holds at least, as a leaf and above. */
interface TreeShape {
  readonly leaf: number
  readonly node: number
}

/**
 * How many blocks of an xfs that is not mounted look free and are not: while it is mounted the kernel keeps a pool, and room for the trees
 * of each allocation group at their largest, and statfs(2) counts them as used. What such trees hold already counts twice: a block or two
 * of a group, more in one that is full of holes.
 *
 * @param superblock the first bytes of the filesystem
 */
export function xfsReserveBlocks(superblock: Buffer): number {
  const blocks = Number(superblock.readBigUInt64BE(8))
  const groupBlocks = superblock.readUInt32BE(84)
  const groups = superblock.readUInt32BE(88)
  // The log is in one of the groups, and never freed.
  const logBlocks = superblock.readUInt32BE(96)
  const logGroup = Number(superblock.readBigUInt64BE(48) >> BigInt(superblock.readUInt8(124)))
  let reserve = Math.min(Math.floor(blocks / 20), mostPoolBlocks) + groups * setAsideBlocks
  for (let group = 0; group < groups; group += 1) {
    const length = group === groups - 1 ? blocks - group * groupBlocks : groupBlocks
    reserve += treesOfGroup(superblock, length - (group === logGroup ? logBlocks : 0))
  }
  return reserve
}

function treesOfGroup(superblock: Buffer, length: number): number {
  const room = superblock.readUInt32BE(4) - blockHeadBytes
  const has = superblock.readUInt32BE(212)
  const shape = (recordBytes: number, keyBytes: number): TreeShape => ({
    leaf: Math.floor(Math.floor(room / recordBytes) / 2),
    node: Math.floor(Math.floor(room / (keyBytes + 4)) / 2),
  })
  let blocks = 0
  // Each tree has a block already, which is none of the free ones.
  if ((has & features.sharedBlocks) !== 0) blocks += treeBlocks(shape(12, 4), length) - 1
  if ((has & features.freeInodeTree) !== 0) {
    const records = Math.floor((length * superblock.readUInt16BE(106)) / inodesPerRecord)
    blocks += treeBlocks(shape(16, 4), records) - 1
  }
  if ((has & features.reverseMap) !== 0) blocks += Math.max(treeBlocks(shape(24, 40), length), Math.floor(length / 100))
  return blocks
}

function treeBlocks({ leaf, node }: TreeShape, records: number): number {
  let level = Math.ceil(records / leaf)
  let blocks = level
  while (level > 1) {
    level = Math.ceil(level / node)
    blocks += level
  }
  return blocks
}
