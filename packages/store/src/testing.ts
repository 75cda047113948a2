export type { OpenedStore, StoreSuite, TestRunner } from './testing/store-suite.js'
export { testMetadataStore } from './testing/test-metadata-store.js'
