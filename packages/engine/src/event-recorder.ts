import type { Container, ContainerManager, Exec } from '@pouch/container-manager'
import type { Image, ImageManager } from '@pouch/image-manager'
import type { PruneResult, Reference, Snapshot, Volume, VolumeEngine } from '@pouch/volume-core'
import type { EngineEvent } from './engine-event.js'
import { listen } from './listen.js'

type Recorded = Omit<EngineEvent, 'timeNs'>

/** The managers whose events are recorded. */
export interface EventSources {
  readonly volumes: VolumeEngine
  readonly images: ImageManager
  readonly containers: ContainerManager
}

/** Hears every manager and hands each event on in the one form of {@link EngineEvent}. @returns what stops it */
export function recordEvents(sources: EventSources, append: (event: Recorded) => void): () => void {
  const stops = [
    recordContainers(sources.containers, append),
    recordExecs(sources.containers, append),
    recordVolumes(sources, append),
    recordImages(sources.images, append),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

function recordContainers({ events }: ContainerManager, append: (event: Recorded) => void): () => void {
  const plain = (action: string) => (container: Container) => append(containerEvent(container, action))
  const listeners = {
    'container.created': plain('create'),
    'container.started': plain('start'),
    'container.died': (container: Container, { exitCode }: { readonly exitCode: number }) =>
      append(containerEvent(container, 'die', { exitCode: String(exitCode) })),
    'container.killed': (container: Container, { signal }: { readonly signal: number }) =>
      append(containerEvent(container, 'kill', { signal: String(signal) })),
    'container.stopped': plain('stop'),
    'container.restarted': plain('restart'),
    'container.removed': plain('destroy'),
    'container.attached': plain('attach'),
    'container.detached': plain('detach'),
    'container.resized': (
      container: Container,
      { width, height }: { readonly width: number; readonly height: number },
    ) => append(containerEvent(container, 'resize', { height: String(height), width: String(width) })),
    'container.renamed': (container: Container, { oldName }: { readonly oldName: string }) =>
      append(containerEvent(container, 'rename', { oldName: `/${oldName}` })),
    'container.oom': plain('oom'),
    'container.paused': plain('pause'),
    'container.unpaused': plain('unpause'),
  }
  return listen(events, listeners)
}

function recordExecs({ events }: ContainerManager, append: (event: Recorded) => void): () => void {
  const withCommand = (action: string) => (container: Container, exec: Exec) =>
    append(containerEvent(container, `${action}: ${exec.config.command.join(' ')}`, { execID: exec.id }))
  return listen(events, {
    'exec.created': withCommand('exec_create'),
    'exec.started': withCommand('exec_start'),
    'exec.died': (container: Container, exec: Exec) =>
      append(containerEvent(container, 'exec_die', { execID: exec.id, exitCode: String(exec.exitCode ?? 0) })),
  })
}

function containerEvent(container: Container, action: string, facts: Readonly<Record<string, string>> = {}): Recorded {
  const attributes = { ...container.config.labels, image: container.image, name: container.name, ...facts }
  return { type: 'container', action, subject: container.id, attributes }
}

function recordVolumes({ volumes, containers }: EventSources, append: (event: Recorded) => void): () => void {
  const event = (volume: Volume, action: string, facts: Readonly<Record<string, string>> = {}) =>
    append({ type: 'volume', action, subject: volume.name, attributes: { driver: volume.driver, ...facts } })
  return listen(volumes.events, {
    'volume.created': (volume: Volume) => event(volume, 'create'),
    'volume.removed': (volume: Volume) => event(volume, 'destroy'),
    'volume.mounted': (volume: Volume, reference: Reference) =>
      event(volume, 'mount', mountFacts(containers, volume, reference)),
    'volume.unmounted': (volume: Volume, { holder }: Reference) => event(volume, 'unmount', { container: holder }),
    'volume.updated': (volume: Volume) => event(volume, 'update'),
    'volume.renamed': (volume: Volume, oldName: string) => event(volume, 'rename', { oldName }),
    'volume.snapshotted': (volume: Volume, { name }: Snapshot) => event(volume, 'snapshot', { snapshot: name }),
    'volume.snapshotRemoved': (volume: Volume, { name }: Snapshot) =>
      event(volume, 'snapshot_destroy', { snapshot: name }),
    'volume.restored': (volume: Volume, { name }: Snapshot) => event(volume, 'restore', { snapshot: name }),
    'volume.imported': (volume: Volume) => event(volume, 'import'),
    'volume.migrated': (volume: Volume, from: string) => event(volume, 'migrate', { from }),
    'volume.pruned': ({ reclaimedBytes }: PruneResult) =>
      append({ type: 'volume', action: 'prune', subject: '', attributes: { reclaimed: String(reclaimedBytes) } }),
  })
}

function mountFacts(containers: ContainerManager, volume: Volume, reference: Reference): Record<string, string> {
  const facts = { container: reference.holder, 'read/write': String(!reference.readOnly), propagation: '' }
  const container = containers.list({ all: true }).find(({ id }) => id === reference.holder)
  const mount = container?.mounts.find(({ type, name }) => type === 'volume' && name === volume.name)
  return mount === undefined ? facts : { ...facts, destination: mount.destination }
}

function recordImages({ events }: ImageManager, append: (event: Recorded) => void): () => void {
  const event = (action: string, subject: string, attributes: Readonly<Record<string, string>>) =>
    append({ type: 'image', action, subject, attributes })
  return listen(events, {
    'image.pulled': (image: Image, reference: string) =>
      event('pull', reference, { ...image.labels, name: withoutTag(reference) }),
    'image.loaded': (image: Image) =>
      event('load', image.id, { ...image.labels, name: image.references[0] ?? image.id }),
    'image.imported': (image: Image) => event('import', image.id, { name: image.id }),
    'image.tagged': (image: Image, reference: string) => event('tag', image.id, { ...image.labels, name: reference }),
    'image.untagged': (imageId: string) => event('untag', imageId, { name: imageId }),
    'image.removed': (imageId: string) => event('delete', imageId, { name: imageId }),
  })
}

// The colon of a port is followed by a slash.
const withoutTag = (reference: string): string => reference.replace(/:[^:/]*$/, '')
