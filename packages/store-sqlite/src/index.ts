export type { CheckReport } from './check-store.js'
export { nodeSqliteStore, type SqliteStore, type SqliteStoreOptions, sqliteStore } from './sqlite-store.js'
