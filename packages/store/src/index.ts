export { BackedStore } from './backed-store.js'
export { compareKeys, prefixEnd } from './key.js'
export { type KeyvStore, type KeyvStoreOptions, keyvStore } from './keyv-store.js'
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
export { type QuarantinedEntry, quarantinePrefix } from './quarantine.js'
export { defineRecord, type RecordDefinition, type RecordState, RecordType } from './record-type.js'
export type { PageRequest, StoreBackend, StoredRow } from './store-backend.js'
export type { StoreLog } from './store-log.js'
export { schemaKey, schemaVersion } from './store-schema.js'
export { decodeStored } from './stored-text.js'
export { type BackupStore, type UpgradeOptions, type UpgradeReport, upgradeStore } from './upgrade-store.js'
