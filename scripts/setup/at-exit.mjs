// What has to be undone although somebody ends this process: Node does not run its exit handlers for a signal that nobody listens to.
import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const end = (signal) => process.exit(128 + constants.signals[signal])

/**
 * Does something, synchronously, when the process ends, by a signal too.
 *
 * @param {() => void} undo
 * @returns {() => void} takes it back
 */
export function atExit(undo) {
  process.once('exit', undo)
  for (const signal of signals) process.on(signal, end)
  return () => {
    process.off('exit', undo)
    for (const signal of signals) process.off(signal, end)
  }
}
