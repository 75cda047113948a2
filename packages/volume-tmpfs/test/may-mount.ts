import { readFileSync } from 'node:fs'

/** Whether this process has CAP_SYS_ADMIN, which mounting takes. */
export function mayMount(): boolean {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${capabilities}`) & (1n << 21n)) !== 0n
}
