import type { FileHandle } from 'node:fs/promises'
import { type Ext4Layout, ext4Overhead } from './ext4-layout.js'
import { xfsReserveBlocks } from './xfs-reserve.js'

/** What the first blocks of an image tell about the filesystem in it. */
export interface Superblock {
  readonly filesystem: 'ext4' | 'xfs'
  readonly blockBytes: number
  readonly blocks: number
  /** As statfs(2) counts them while it is mounted. */
  readonly freeBlocks: number
  /** Blocks that statfs(2) leaves out of the size, because the filesystem keeps them for itself. */
  readonly overheadBlocks: number
  /** What more blocks would mean for that; xfs keeps its journal alone. */
  readonly layout: Ext4Layout | undefined
  /** How much of an xfs may be inodes, in percent; 0 on ext4. */
  readonly inodePercent: number
  /** 0 on xfs, which makes them as needed. */
  readonly inodes: number
  readonly freeInodes: number
}

const headBytes = 4096
const ext4At = 1024
const ext4Magic = 0xef53
const xfsMagic = 0x58465342
const ext4Is64Bit = 0x80

/** Reads the superblock of an image or a device. @returns `undefined` when neither ext4 nor xfs is in it */
export async function readSuperblock(handle: FileHandle): Promise<Superblock | undefined> {
  const head = Buffer.alloc(headBytes)
  const { bytesRead } = await handle.read(head, 0, headBytes, 0)
  if (bytesRead < headBytes) return undefined
  if (head.readUInt32BE(0) === xfsMagic) return readXfs(head)
  const block = head.subarray(ext4At)
  return block.readUInt16LE(0x38) === ext4Magic ? readExt4(block) : undefined
}

function readExt4(block: Buffer): Superblock {
  const is64Bit = (block.readUInt32LE(0x60) & ext4Is64Bit) !== 0
  const wide = (low: number, high: number) =>
    block.readUInt32LE(low) + (is64Bit ? block.readUInt32LE(high) * 2 ** 32 : 0)
  const blockBytes = 1024 << block.readUInt32LE(0x18)
  const blocks = wide(0x4, 0x150)
  const layout = layoutOf(block, blocks, blockBytes, is64Bit)
  return {
    filesystem: 'ext4',
    blockBytes,
    layout,
    inodePercent: 0,
    blocks,
    freeBlocks: wide(0xc, 0x158),
    // mkfs and the kernel note it, and resize2fs takes the note away.
    overheadBlocks: block.readUInt32LE(0x248) || ext4Overhead(layout, blocks),
    inodes: block.readUInt32LE(0),
    freeInodes: block.readUInt32LE(0x10),
  }
}

function layoutOf(block: Buffer, blocks: number, blockBytes: number, is64Bit: boolean): Ext4Layout {
  const firstBlock = block.readUInt32LE(0x14)
  const groupBlocks = block.readUInt32LE(0x20)
  const groups = Math.ceil((blocks - firstBlock) / groupBlocks)
  const descriptorBytes = is64Bit ? block.readUInt16LE(0xfe) : 32
  return {
    firstBlock,
    groupBlocks,
    inodeTableBlocks: Math.ceil((block.readUInt32LE(0x28) * block.readUInt16LE(0x58)) / blockBytes),
    superblockBlocks: 1 + Math.ceil((groups * descriptorBytes) / blockBytes) + block.readUInt16LE(0xce),
    journalBlocks: Math.ceil((block.readUInt32LE(0x14c) + block.readUInt32LE(0x148) * 2 ** 32) / blockBytes),
  }
}

function readXfs(head: Buffer): Superblock {
  return {
    filesystem: 'xfs',
    blockBytes: head.readUInt32BE(4),
    blocks: Number(head.readBigUInt64BE(8)),
    freeBlocks: Math.max(Number(head.readBigUInt64BE(144)) - xfsReserveBlocks(head), 0),
    overheadBlocks: head.readUInt32BE(96),
    layout: undefined,
    inodePercent: head.readUInt8(127),
    inodes: 0,
    freeInodes: 0,
  }
}
