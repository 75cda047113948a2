export { memoryStore } from './memory-store.js'
export {
  type Change,
  type Entry,
  type JsonValue,
  type MetadataStore,
  type StoreCall,
  type StoreCapabilities,
  type StoreOperation,
  storeLimits,
  type WriteCall,
} from './metadata-store.js'
