import { posix } from 'node:path'
import { compareVersions, type Mount } from '@pouch/api'
import type { MountConfig, Propagation } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'

const propagations: readonly string[] = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']

/**
 * Reads one entry of `HostConfig.Mounts`.
 *
 * @param version of the API, on which some fields depend
 * @throws PouchError `invalid-argument` in Docker's words
 */
export function parseMount(mount: Mount, version: string): MountConfig {
  const { Type: type = '', Target: target = '', Source: source = '' } = mount
  if (type !== 'volume' && type !== 'bind' && type !== 'tmpfs') throw invalid(type, 'mount type unknown')
  if (target === '') throw invalid(type, 'field Target must not be empty')
  if (!target.startsWith('/')) throw invalid(type, `invalid mount path: '${target}' mount path must be absolute`)
  if (posix.normalize(target).replace(/\/$/, '') === '')
    throw invalid(type, "invalid specification: destination can't be '/'")
  checkOptions(mount, type)
  const common = { target, readOnly: mount.ReadOnly === true }
  if (type === 'volume') return volumeMount(mount, source, common)
  if (type === 'bind') return bindMount(mount, source, common, version)
  if (source !== '') throw invalid(type, 'field Source must not be specified')
  const { SizeBytes: sizeBytes = 0, Mode: fileMode = 0 } = mount.TmpfsOptions ?? {}
  if (sizeBytes < 0) throw invalid(type, `a size of ${sizeBytes} bytes is not possible`)
  return { type, ...common, ...(sizeBytes === 0 ? {} : { sizeBytes }), ...(fileMode === 0 ? {} : { fileMode }) }
}

function volumeMount(mount: Mount, source: string, common: { target: string; readOnly: boolean }): MountConfig {
  const { NoCopy: noCopy = false, Labels: labels, DriverConfig: driver } = mount.VolumeOptions ?? {}
  return {
    type: 'volume',
    ...common,
    noCopy,
    mode: 'z',
    ...(source === '' ? {} : { name: source }),
    ...(labels === undefined ? {} : { labels }),
    ...(driver?.Name === undefined || driver.Name === '' ? {} : { driver: driver.Name }),
    ...(driver?.Options === undefined ? {} : { options: driver.Options }),
  }
}

function bindMount(
  mount: Mount,
  source: string,
  common: { target: string; readOnly: boolean },
  version: string,
): MountConfig {
  if (source === '') throw invalid('bind', 'field Source must not be empty')
  if (!source.startsWith('/')) throw invalid('bind', `invalid mount path: '${source}' mount path must be absolute`)
  const {
    Propagation: propagation = '',
    NonRecursive: nonRecursive,
    CreateMountpoint: create,
  } = mount.BindOptions ?? {}
  if (propagation !== '' && !propagations.includes(propagation))
    throw invalid('bind', `invalid propagation mode: ${propagation}`)
  return {
    type: 'bind',
    ...common,
    source: posix.normalize(source),
    createSource: create === true && compareVersions(version, '1.42') >= 0,
    nonRecursive: nonRecursive === true && compareVersions(version, '1.40') >= 0,
    ...(propagation === '' ? {} : { propagation: propagation as Propagation }),
  }
}

function checkOptions(mount: Mount, type: string): void {
  const others = { BindOptions: 'bind', VolumeOptions: 'volume', TmpfsOptions: 'tmpfs' } as const
  for (const [field, owner] of Object.entries(others)) {
    if (mount[field as keyof typeof others] === undefined || owner === type) continue
    throw new PouchError('invalid-argument', `${field} must not be specified on mount type "${type}"`, {
      op: 'container.create',
      subject: field,
    })
  }
}

function invalid(type: string, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid mount config for type "${type}": ${why}`, {
    op: 'container.create',
    subject: type,
  })
}
