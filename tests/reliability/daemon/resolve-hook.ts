import type { ResolveHook } from 'node:module'

const faulty = new Set(['@pouch/store-sqlite', '@pouch/volume-local', '@pouch/volume-tmpfs'])
const here = new URL('.', import.meta.url).href
/** Modules of the daemon, from whose place packages are found. */
let daemon: string | undefined

/** Gives the daemon faulty packages, and these the true ones. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const { parentURL = '' } = context
  if (specifier.startsWith('@pouch/') && parentURL.startsWith(here)) {
    return await next(specifier, { ...context, parentURL: daemon ?? parentURL })
  }
  if (!faulty.has(specifier) || !/\/packages\/daemon\/dist\//.test(parentURL)) return await next(specifier, context)
  daemon = parentURL
  return { url: `${here}faulty-${specifier.slice('@pouch/'.length)}.mjs`, shortCircuit: true }
}
