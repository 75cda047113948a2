/** What decides how much an ext4 keeps for itself. */
export interface Ext4Layout {
  readonly firstBlock: number
  readonly groupBlocks: number
  /** A table of inodes, in each group. */
  readonly inodeTableBlocks: number
  /** A superblock with what follows it: the descriptors of groups, and room for more of them. */
  readonly superblockBlocks: number
  readonly journalBlocks: number
}

/** Room that the kernel and resize2fs want in a last group beside what it keeps; they leave out a smaller one. */
const leastRoomBlocks = 64

/** How many groups so many blocks make. */
export function ext4Groups({ firstBlock, groupBlocks }: Ext4Layout, blocks: number): number {
  return Math.ceil((blocks - firstBlock) / groupBlocks)
}

/** How many blocks of so many an ext4 keeps for itself. It is what statfs(2) leaves out of the size. */
export function ext4Overhead(layout: Ext4Layout, blocks: number): number {
  const { firstBlock, inodeTableBlocks, superblockBlocks, journalBlocks } = layout
  const groups = ext4Groups(layout, blocks)
  const perGroup = 2 + inodeTableBlocks
  return firstBlock + superblockCopies(groups) * superblockBlocks + groups * perGroup + journalBlocks
}

/** How many blocks an ext4 takes for so many that others can use. */
export function ext4BlocksFor(layout: Ext4Layout, usableBlocks: number): number {
  let blocks = usableBlocks
  for (;;) {
    const next = usableBlocks + ext4Overhead(layout, blocks)
    if (next <= blocks) return wholeGroup(layout, blocks)
    blocks = next
  }
}

function wholeGroup(
  { firstBlock, groupBlocks, inodeTableBlocks, superblockBlocks }: Ext4Layout,
  blocks: number,
): number {
  const rest = (blocks - firstBlock) % groupBlocks
  const least = 2 + inodeTableBlocks + superblockBlocks + leastRoomBlocks
  return rest === 0 || rest >= least ? blocks : blocks + least - rest
}

/** Groups 0 and 1 have a superblock, and those whose numbers are powers of 3, 5 and 7. */
function superblockCopies(groups: number): number {
  let copies = Math.min(groups, 2)
  for (const base of [3, 5, 7]) for (let group = base; group < groups; group *= base) copies += 1
  return copies
}
