import { bindLibc } from '@pouch/libc'

const version3 = 0x20080522
const resource = 1 << 24

/** Takes CAP_SYS_RESOURCE from this thread, or gives it back. What libuv's threads do is not touched: write synchronously. */
export async function setResourceCapability(isOn: boolean): Promise<void> {
  const libc = await bindLibc({
    capget: { returns: 'int', args: ['void *', 'void *'] },
    capset: { returns: 'int', args: ['void *', 'void *'] },
  })
  const header = Buffer.alloc(8)
  header.writeUInt32LE(version3, 0)
  const sets = Buffer.alloc(24)
  const read = libc.capget(header, sets)
  const effective = sets.readUInt32LE(0)
  sets.writeUInt32LE((isOn ? effective | resource : effective & ~resource) >>> 0, 0)
  const written = libc.capset(header, sets)
  const errno = read.errno ?? written.errno
  if (errno !== undefined) throw new Error(`the capabilities of this thread cannot be changed: ${errno}`)
}
