import { spawn } from 'node:child_process'

/** A root filesystem with this host's static busybox and nothing else, as a tar. */
export function tinyImage(): AsyncIterable<Uint8Array> {
  const rename = ['--transform', 's,.*,bin/busybox,', '--mode', '0755', '--owner', '0', '--group', '0']
  return spawn('tar', ['-ch', ...rename, '-C', '/', 'bin/busybox'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout
}
