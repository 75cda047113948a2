import { PouchError } from '@pouch/errors'

const claimed: unique symbol = Symbol.for('@pouch/store/claimed')

/**
 * Makes sure that one store at a time works on an adapter and namespace in this process. The mark is on the adapter, so that it
 * holds between installed copies of this package too.
 *
 * @returns gives the adapter free again
 * @throws PouchError `in-use`
 */
export function claimAdapter(adapter: object, namespace: string): () => void {
  const marked = adapter as { [claimed]?: Set<string> }
  marked[claimed] ??= new Set()
  const claims = marked[claimed]
  if (claims.has(namespace)) {
    const message = `keyvStore: this process has a store open over the same adapter and namespace ${namespace}; close it first`
    throw new PouchError('in-use', message, { op: 'store.open', subject: namespace })
  }
  claims.add(namespace)
  return () => claims.delete(namespace)
}
