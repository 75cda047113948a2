import { decodeJsonAny, encodeJsonAny, type Mount, runcRuntime, typeUrls } from '@pouch/ctrd-client'
import { hasCode } from '@pouch/errors'
import { AccountsCache } from './accounts-cache.js'
import type { ContainerRecord } from './container-record.js'
import { engineLabel, type ManagerContext } from './manager-context.js'
import { findInit } from './spec/init.js'
import type { HostMount } from './spec/mounts.js'
import { ociSpec } from './spec/oci-spec.js'
import type { OciSpec } from './spec/oci-types.js'
import { type ResolvedUser, resolveUser } from './spec/user.js'

/** The containers as containerd has them: an object with the OCI specification that the runtime is given. */
export class ContainerdObjects {
  readonly #context: ManagerContext
  readonly #accounts = new AccountsCache()
  /** The specifications that containerd has, as JSON, of containers that were not started since. */
  readonly #written = new Map<string, string>()

  constructor(context: ManagerContext) {
    this.#context = context
  }

  /** Makes the object. The paths of volumes may still change until start. */
  async create(record: ContainerRecord, directory: string, mounts: readonly Mount[]): Promise<void> {
    const user = await this.userOf(record, record.config.user, mounts, directory).catch((error: unknown) => {
      // A user that the image does not have is an error of the start, as Docker has it.
      if (hasCode(error, 'invalid-argument') && error.op === 'container.user') return rootUser
      throw error
    })
    const volumes = record.volumes.map(
      ({ source, target, readOnly }): HostMount => ({ source, target, readOnly, propagation: 'rprivate' }),
    )
    const spec = this.#specOf(record, directory, volumes, user)
    await this.#context.containerd.containers.create(this.#objectOf(record, spec))
    this.#written.set(record.id, JSON.stringify(spec))
  }

  /** Brings the object up to date for a start. @throws PouchError `invalid-argument` when the user is not in the image */
  async refresh(
    record: ContainerRecord,
    directory: string,
    mounts: readonly Mount[],
    volumes: readonly HostMount[],
  ): Promise<void> {
    const user = await this.userOf(record, record.config.user, mounts, directory)
    const spec = this.#specOf(record, directory, volumes, user)
    const written = this.#written.get(record.id)
    this.#written.delete(record.id)
    if (written === JSON.stringify(spec)) return
    await this.#context.containerd.containers.update(this.#objectOf(record, spec), ['spec'])
  }

  /** The specification of a container that was started, as containerd has it. */
  async specOf(id: string): Promise<OciSpec | undefined> {
    const object = await this.#context.containerd.containers.get(id)
    return object && (decodeJsonAny(object.spec) as OciSpec)
  }

  async userOf(
    record: ContainerRecord,
    user: string,
    mounts: readonly Mount[],
    directory: string,
  ): Promise<ResolvedUser> {
    return resolveUser(user, record.config.groupAdd, await this.#accounts.of(record.parentSnapshot, mounts, directory))
  }

  forget(id: string): void {
    this.#written.delete(id)
  }

  #specOf(record: ContainerRecord, directory: string, volumes: readonly HostMount[], user: ResolvedUser): OciSpec {
    const binds = record.binds.map(
      ({ source, target, readOnly, propagation, nonRecursive }): HostMount => ({
        source,
        target,
        readOnly: readOnly === true,
        propagation,
        nonRecursive,
      }),
    )
    return ociSpec({
      id: record.id,
      engineId: this.#context.engineId,
      config: record.config,
      args: record.args,
      user,
      host: this.#context.host,
      mounts: {
        host: [...binds, ...volumes],
        tmpfs: record.tmpfs,
        files: {
          resolvConf: `${directory}/resolv.conf`,
          hostname: `${directory}/hostname`,
          hosts: `${directory}/hosts`,
        },
        init: record.config.init ? findInit() : undefined,
      },
    })
  }

  #objectOf(
    record: ContainerRecord,
    spec: OciSpec,
  ): Parameters<ManagerContext['containerd']['containers']['create']>[0] {
    return {
      id: record.id,
      labels: { [engineLabel]: this.#context.engineId },
      image: record.image,
      runtime: { name: runcRuntime, options: this.#context.runtimeOptions },
      spec: encodeJsonAny(typeUrls.spec, spec),
      snapshotter: record.snapshotter,
      snapshotKey: record.id,
    }
  }
}

/** Stands in until start, which reports a user that is not there. */
const rootUser: ResolvedUser = { uid: 0, gid: 0, additionalGids: [0], home: undefined }
