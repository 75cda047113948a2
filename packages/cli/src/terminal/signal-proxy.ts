import { hasCode } from '@pouch/errors'

const proxied: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
]

/**
 * Passes the signals that this program gets on to another process.
 *
 * @param send sends one
 * @param onFailure told when it could not be sent; a process that has ended already is no failure
 * @returns ends it
 */
export function proxySignals(
  send: (signal: NodeJS.Signals) => Promise<void>,
  onFailure: (error: unknown) => void,
): () => void {
  const listener = (signal: NodeJS.Signals) => {
    send(signal).catch((error: unknown) => {
      if (!hasCode(error, 'conflict') && !hasCode(error, 'not-found')) onFailure(error)
    })
  }
  for (const signal of proxied) process.on(signal, listener)
  return () => {
    for (const signal of proxied) process.off(signal, listener)
  }
}
