import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Mount } from '@pouch/ctrd-client'
import { upperOf, withRootfsView } from './rootfs-view.js'
import { type Accounts, readAccounts } from './spec/user.js'

const maxImages = 64

/**
 * The accounts of containers' root file systems. Those of an image are read once; a container that has changed its /etc is
 * looked at itself.
 */
export class AccountsCache {
  readonly #byParent = new Map<string, Accounts>()

  /**
   * @param parent the key of the image's snapshot
   * @param mounts the container's own root
   * @param directory a private directory for a short-lived mount
   */
  async of(parent: string, mounts: readonly Mount[], directory: string): Promise<Accounts> {
    const upper = upperOf(mounts)
    const isChanged = upper === undefined || parent === '' || existsSync(join(upper, 'etc'))
    const known = isChanged ? undefined : this.#byParent.get(parent)
    if (known !== undefined) return known
    const accounts = await withRootfsView(mounts, directory, async (root) => readAccounts(root))
    if (!isChanged) this.#keep(parent, accounts)
    return accounts
  }

  #keep(parent: string, accounts: Accounts): void {
    const oldest = this.#byParent.size >= maxImages ? this.#byParent.keys().next().value : undefined
    if (oldest !== undefined) this.#byParent.delete(oldest)
    this.#byParent.set(parent, accounts)
  }
}
