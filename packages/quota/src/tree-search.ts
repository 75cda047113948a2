import type { FileHandle } from 'node:fs/promises'
import type { Kernel } from './kernel.js'
import { type Step, stepError } from './step-error.js'

/** Which items of a btrfs tree are wanted. */
export interface TreeRange {
  readonly tree: bigint
  readonly minObject: bigint
  readonly maxObject: bigint
  readonly minType: number
  readonly maxType: number
  readonly minOffset: bigint
  readonly maxOffset: bigint
}

/** An item of a btrfs tree. */
export interface TreeItem {
  readonly object: bigint
  readonly type: number
  readonly offset: bigint
  readonly data: Buffer
}

const searchRequest = 0xd0009411
const argumentBytes = 4096
const keyBytes = 104
const headerBytes = 32
const greatest = 2n ** 64n - 1n

/**
 * Reads the items of a btrfs tree, page by page, in the order of their keys. Keys compare by object, then type, then offset, and
 * the range is one of whole keys: what lies between and is of another type is left out here.
 *
 * @returns `undefined` when there is no such tree
 */
export async function searchTree(
  kernel: Kernel,
  handle: FileHandle,
  range: TreeRange,
  step: Step,
): Promise<TreeItem[] | undefined> {
  const items: TreeItem[] = []
  let from: Pick<TreeItem, 'object' | 'type' | 'offset'> = {
    object: range.minObject,
    type: range.minType,
    offset: range.minOffset,
  }
  for (;;) {
    const argument = searchArgument(range, from)
    const { errno } = await kernel.ioctl(handle.fd, searchRequest, argument)
    if (errno === 'ENOENT') return undefined
    if (errno !== undefined) throw stepError(errno, step)
    const page = itemsOf(argument)
    const last = page.at(-1)
    if (last === undefined) return items
    items.push(...page.filter((item) => isWanted(item, range)))
    if (last.offset < greatest) from = { ...last, offset: last.offset + 1n }
    else if (last.type < 255) from = { object: last.object, type: last.type + 1, offset: 0n }
    else from = { object: last.object + 1n, type: 0, offset: 0n }
  }
}

function searchArgument(range: TreeRange, from: Pick<TreeItem, 'object' | 'type' | 'offset'>): Buffer {
  const argument = Buffer.alloc(argumentBytes)
  const words = [range.tree, from.object, range.maxObject, from.offset, range.maxOffset, 0n, greatest]
  for (const [index, word] of words.entries()) argument.writeBigUInt64LE(word, index * 8)
  argument.writeUInt32LE(from.type, 56)
  argument.writeUInt32LE(range.maxType, 60)
  argument.writeUInt32LE(4096, 64)
  return argument
}

function itemsOf(argument: Buffer): TreeItem[] {
  const items: TreeItem[] = []
  const count = argument.readUInt32LE(64)
  let at = keyBytes
  for (let index = 0; index < count; index += 1) {
    const length = argument.readUInt32LE(at + 28)
    const start = at + headerBytes
    items.push({
      object: argument.readBigUInt64LE(at + 8),
      offset: argument.readBigUInt64LE(at + 16),
      type: argument.readUInt32LE(at + 24),
      data: argument.subarray(start, start + length),
    })
    at = start + length
  }
  return items
}

function isWanted({ object, type, offset }: TreeItem, range: TreeRange): boolean {
  const { minObject, maxObject, minType, maxType, minOffset, maxOffset } = range
  const isTypeWanted = type >= minType && type <= maxType
  return object >= minObject && object <= maxObject && isTypeWanted && offset >= minOffset && offset <= maxOffset
}
