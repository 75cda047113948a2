import type { ContainerConfig, ImageHistoryItem, ImageInspect, ImageSummary } from '@pouch/api'
import type { Container } from '@pouch/container-manager'
import type { HistoryItem, Image, ImageRunConfig } from '@pouch/image-manager'
import { never } from './container-json.js'

/** An image as Docker lists it. @param containers those that may use it; -1 is shown without them */
export function imageSummary(image: Image, containers?: readonly Container[]): ImageSummary {
  const labels = Object.keys(image.labels).length === 0 ? null : { ...image.labels }
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: [...image.references],
    RepoDigests: [...image.digests],
    Created: secondsOf(image.createdAt),
    Size: image.sizeBytes,
    SharedSize: -1,
    VirtualSize: image.sizeBytes,
    Labels: labels,
    Containers: containers === undefined ? -1 : containers.filter(({ imageId }) => imageId === image.id).length,
  }
}

/** Everything about an image, as Docker shows it. */
export function imageInspect(image: Image, snapshotter: string): ImageInspect {
  return {
    Id: image.id,
    RepoTags: [...image.references],
    RepoDigests: [...image.digests],
    Parent: '',
    Comment: image.comment,
    Created: image.createdAt,
    Container: '',
    DockerVersion: '',
    Author: image.author,
    Config: runConfigJson(image.config),
    Architecture: image.architecture,
    ...(image.variant === undefined ? {} : { Variant: image.variant }),
    Os: image.os,
    Size: image.sizeBytes,
    VirtualSize: image.sizeBytes,
    GraphDriver: { Name: snapshotter, Data: null },
    RootFS: { Type: 'layers', Layers: [...image.layers] },
    Metadata: { LastTagTime: image.taggedAt ?? never },
  }
}

/** A step of an image's history, as Docker shows it. */
export function historyJson(item: HistoryItem): ImageHistoryItem {
  return {
    Id: item.id ?? '<missing>',
    Created: secondsOf(item.createdAt),
    CreatedBy: item.createdBy,
    Tags: item.tags.length === 0 ? null : [...item.tags],
    Size: item.sizeBytes,
    Comment: item.comment,
  }
}

function runConfigJson(config: ImageRunConfig): ContainerConfig {
  return {
    Hostname: '',
    Domainname: '',
    User: config.User ?? '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(config.ExposedPorts === undefined ? {} : { ExposedPorts: { ...config.ExposedPorts } }),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: orNull(config.Env),
    Cmd: orNull(config.Cmd),
    Image: '',
    Volumes: config.Volumes === undefined ? (null as never) : { ...config.Volumes },
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: orNull(config.Entrypoint),
    OnBuild: orNull(config.OnBuild),
    Labels: config.Labels === undefined ? (null as never) : { ...config.Labels },
    ...(config.StopSignal === undefined ? {} : { StopSignal: config.StopSignal }),
    ...(config.Shell === undefined ? {} : { Shell: [...config.Shell] }),
    ...(config.Healthcheck === undefined ? {} : { Healthcheck: { ...config.Healthcheck } }),
  }
}

// Docker writes null where nothing was given.
function orNull(list: readonly string[] | undefined): string[] {
  return list === undefined ? (null as never) : [...list]
}

const secondsOf = (date: string): number => Math.floor((Date.parse(date) || 0) / 1000)
