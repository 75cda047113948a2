import { PouchError } from '@pouch/errors'
import type { JsonValue } from '@pouch/store'
import type { Container, ContainerState, MountPoint } from './container.js'
import type { BindMountConfig, CompletedConfig, Propagation, TmpfsMountConfig } from './container-config.js'

/** The version of the records that this code writes. */
export const recordSchema = 1

/**
 * What was begun and is not known to be finished. It is stored before containerd is called; boot finishes or undoes it. A record
 * without intent is in the state that it says.
 */
export type Intent = 'creating' | 'starting' | 'stopping' | 'removing'

/** A volume of a container: its reference is made at create and lives as long as the container. */
export interface VolumeClaim {
  readonly volume: string
  readonly referenceId: string
  readonly target: string
  readonly driver: string
  readonly readOnly: boolean
  readonly noCopy: boolean
  /** Made for this container alone and without a name: removed with it when that is asked for. */
  readonly anonymous: boolean
  readonly mode: string
  /** Where it was last seen on this host. */
  readonly source: string
}

/** A container as the store has it. */
export interface ContainerRecord {
  readonly schema: typeof recordSchema
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly image: string
  readonly imageId: string
  /** The key of the snapshot that the container's is made from. */
  readonly parentSnapshot: string
  readonly snapshotter: string
  readonly config: CompletedConfig
  readonly args: readonly string[]
  readonly volumes: readonly VolumeClaim[]
  readonly binds: readonly (BindMountConfig & { readonly propagation: Propagation })[]
  readonly tmpfs: readonly TmpfsMountConfig[]
  readonly state: ContainerState
  readonly intent?: Intent
  /** With `removing`: whether the anonymous volumes go too. */
  readonly removeVolumes?: boolean
  readonly restartCount: number
}

/** The form that a record has in the store: JSON, so that what is undefined goes. */
export function toStored(record: ContainerRecord): JsonValue {
  return JSON.parse(JSON.stringify(record)) as JsonValue
}

/**
 * Reads a stored record.
 *
 * @throws PouchError `unsupported` for one of a newer version, `corrupt` for one that is none
 */
export function fromStored(key: string, value: JsonValue): ContainerRecord {
  const record = value as Partial<ContainerRecord> | null
  if (typeof record !== 'object' || record === null || typeof record.schema !== 'number')
    throw corrupt(key, 'it has no schema number')
  if (record.schema > recordSchema) {
    throw new PouchError(
      'unsupported',
      `the container record '${key}' has schema ${record.schema}; this version reads up to ${recordSchema}: use a newer Pouch`,
      {
        op: 'container.open',
        subject: key,
      },
    )
  }
  const { id, name, config, state, args, volumes, binds, tmpfs } = record
  const isWhole =
    typeof id === 'string' &&
    key.endsWith(id) &&
    typeof name === 'string' &&
    typeof config === 'object' &&
    typeof state === 'object'
  if (!isWhole) throw corrupt(key, 'a field is missing')
  if (![args, volumes, binds, tmpfs].every(Array.isArray)) throw corrupt(key, 'a list is missing')
  return record as ContainerRecord
}

/** What users see of a record. */
export function toContainer(record: ContainerRecord, directory: string, execIds: readonly string[]): Container {
  const [path = '', ...args] = record.args
  return Object.freeze({
    id: record.id,
    name: record.name,
    createdAt: record.createdAt,
    image: record.image,
    imageId: record.imageId,
    config: record.config,
    path,
    args,
    state: shownState(record),
    mounts: mountPoints(record),
    logPath: record.config.logConfig.type === 'none' ? undefined : logPathOf(directory, record.id),
    restartCount: record.restartCount,
    resolvConfPath: `${directory}/resolv.conf`,
    hostsPath: `${directory}/hosts`,
    hostnamePath: `${directory}/hostname`,
    execIds,
    snapshotter: record.snapshotter,
    snapshotKey: record.id,
  })
}

function shownState({ intent, state }: ContainerRecord): ContainerState {
  return intent === 'removing' && state.status !== 'running' ? { ...state, status: 'removing' } : state
}

/** The json-file of a container. */
export function logPathOf(directory: string, id: string): string {
  return `${directory}/${id}-json.log`
}

function mountPoints({ volumes, binds, tmpfs }: ContainerRecord): MountPoint[] {
  return [
    ...binds.map(
      (bind): MountPoint => ({
        type: 'bind',
        source: bind.source,
        destination: bind.target,
        mode: bind.mode ?? '',
        rw: bind.readOnly !== true,
        propagation: bind.propagation,
      }),
    ),
    ...volumes.map(
      (volume): MountPoint => ({
        type: 'volume',
        name: volume.volume,
        source: volume.source,
        destination: volume.target,
        driver: volume.driver,
        mode: volume.mode,
        rw: !volume.readOnly,
        propagation: '',
      }),
    ),
    ...tmpfs.map(
      ({ target, readOnly }): MountPoint => ({
        type: 'tmpfs',
        source: '',
        destination: target,
        mode: '',
        rw: readOnly !== true,
        propagation: '',
      }),
    ),
  ]
}

function corrupt(key: string, why: string): PouchError {
  return new PouchError('corrupt', `the container record '${key}' cannot be used: ${why}`, {
    op: 'container.open',
    subject: key,
  })
}
