import { type ContainerRecord, readContainerRecord, referencePrefix } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'
import type { Entry } from '@pouch/store'
import { type VolumeRecord, volumeRecords } from '@pouch/volume-core'

const containerPrefix = 'container/'

/** What records say of each other. */
export interface RecordFindings {
  /** What no crash leaves. */
  readonly problems: readonly string[]
  /** What the next start puts right. */
  readonly remarks: readonly string[]
  readonly volumes: number
  readonly containers: number
}

/** Looks at the records of volumes and containers: whether each can be read, and whether they know of each other what they should. */
export class RecordCheck {
  readonly #volumes = new Map<string, VolumeRecord>()
  readonly #containers = new Map<string, ContainerRecord>()
  readonly #problems: string[] = []
  readonly #remarks: string[] = []

  /** Takes one entry of the store. */
  readonly add = (entry: Entry): void => {
    try {
      if (entry.key.startsWith(volumeRecords.prefix)) {
        const record = volumeRecords.decode(entry)
        this.#volumes.set(record.name, record)
      }
      if (entry.key.startsWith(containerPrefix)) {
        const record = readContainerRecord(entry.key, entry.value)
        this.#containers.set(record.id, record)
      }
    } catch (error) {
      this.#problems.push(PouchError.from(error).message)
    }
  }

  /** @param isWhole whether every record could be read: otherwise what is missing is no wonder */
  finish(isWhole: boolean): RecordFindings {
    if (isWhole && this.#problems.length === 0) {
      for (const record of this.#volumes.values()) this.#checkReferences(record)
      for (const record of this.#containers.values()) this.#checkClaims(record)
      this.#checkNames()
    }
    return {
      problems: this.#problems,
      remarks: this.#remarks,
      volumes: this.#volumes.size,
      containers: this.#containers.size,
    }
  }

  #checkReferences({ name, references }: VolumeRecord): void {
    const ids = new Set(references.map(({ id }) => id))
    if (ids.size < references.length) this.#problems.push(`volume ${name}: two references have the same id`)
    for (const { id, holder } of references) {
      if (!id.startsWith(referencePrefix) || this.#containers.has(holder)) continue
      this.#remarks.push(`volume ${name} is held by container ${holder}, which is gone`)
    }
  }

  /** While a container is made or removed, its references come and go. */
  #checkClaims({ id, intent, volumes }: ContainerRecord): void {
    if (intent === 'creating' || intent === 'removing') return
    for (const claim of volumes) {
      const volume = this.#volumes.get(claim.volume)
      if (volume === undefined) this.#problems.push(`container ${id} uses volume ${claim.volume}, which is not there`)
      else if (!volume.references.some((each) => each.id === claim.referenceId && each.holder === id)) {
        this.#problems.push(`container ${id} uses volume ${claim.volume}, which does not know of it`)
      }
    }
  }

  #checkNames(): void {
    const owners = new Map<string, string>()
    for (const { id, name } of this.#containers.values()) {
      const owner = owners.get(name)
      if (owner !== undefined) this.#problems.push(`the containers ${owner} and ${id} are both called ${name}`)
      owners.set(name, id)
    }
  }
}
