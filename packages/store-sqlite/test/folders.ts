import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetadataStore } from '@pouch/store'
import { afterEach } from 'vitest'

/** Directories and stores of one test file, all closed and removed after each test. */
export function useFolders(): {
  makeFolder(): Promise<string>
  /** Closes the store after the test. */
  keep<T extends Pick<MetadataStore, 'close'>>(store: T): T
} {
  const folders: string[] = []
  const stores: Pick<MetadataStore, 'close'>[] = []
  afterEach(async () => {
    await Promise.allSettled(stores.splice(0).map((store) => store.close()))
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })))
  })
  return {
    async makeFolder() {
      const folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
      folders.push(folder)
      return folder
    },
    keep(store) {
      stores.push(store)
      return store
    },
  }
}
