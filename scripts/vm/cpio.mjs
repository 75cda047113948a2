// The archive that Linux takes as an initramfs ("newc").

const trailer = 'TRAILER!!!'

/**
 * @param {{ path: string, mode: number, data?: Buffer }[]} entries parents first; `mode` with the type of the file
 * @returns {Buffer}
 */
export function cpio(entries) {
  const parts = entries.flatMap(({ path, mode, data = Buffer.alloc(0) }, index) => entry(path, mode, data, index + 1))
  return Buffer.concat([...parts, ...entry(trailer, 0, Buffer.alloc(0), 0)])
}

function entry(path, mode, data, inode) {
  const name = Buffer.from(`${path}\0`)
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`)
  const head = Buffer.concat([header, name])
  return [head, padding(head.length), data, padding(data.length)]
}

function padding(length) {
  return Buffer.alloc((4 - (length % 4)) % 4)
}
