/**
 * What mount(8), umount(8) and mkfifo(1) say in the C locale, by errno. They pass on no errno and one exit status for all
 * failures, so that their words are all there is.
 */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/must be superuser|only root can|operation not permitted/i, 'EPERM'],
  [/permission denied|write-protected/i, 'EACCES'],
  [/is busy|already mounted|resource busy/i, 'EBUSY'],
  [/is not a block device|block device required/i, 'ENOTBLK'],
  [/is not a directory|not a directory/i, 'ENOTDIR'],
  [/unknown filesystem type|no such device/i, 'ENODEV'],
  [/does not exist|no such file or directory/i, 'ENOENT'],
  [/file exists/i, 'EEXIST'],
  [/no space left/i, 'ENOSPC'],
  [/too many levels of symbolic links/i, 'ELOOP'],
  [/file name too long/i, 'ENAMETOOLONG'],
  [/read-only file system/i, 'EROFS'],
  [/cannot allocate memory|out of memory/i, 'ENOMEM'],
  [/connection refused/i, 'ECONNREFUSED'],
  [/no route to host/i, 'EHOSTUNREACH'],
  [/network is unreachable/i, 'ENETUNREACH'],
  [/timed out/i, 'ETIMEDOUT'],
  [/input\/output error|can't read superblock/i, 'EIO'],
  [/not mounted|no mount point specified|wrong fs type|bad option|invalid argument/i, 'EINVAL'],
]

/**
 * The errno that a mount program's last words stand for.
 *
 * @param stderr what it printed in the C locale
 * @param names paths and sources that occur in the text; they are not read as words of the program
 */
export function errnoOfStderr(stderr: string, names: readonly string[]): string | undefined {
  const longestFirst = names.filter((name) => name !== '').sort((a, b) => b.length - a.length)
  const text = longestFirst.reduce((words, name) => words.replace(standingAlone(name), '…'), stderr)
  return phrases.find(([phrase]) => phrase.test(text))?.[1]
}

function standingAlone(name: string): RegExp {
  return new RegExp(`(?<!\\w)${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}(?!\\w)`, 'g')
}
