import type { ContainerSummary } from '@pouch/api'
import type { Container } from '@pouch/container-manager'
import { durationInWords } from '@pouch/units'
import { mountJson, networksJson } from './container-json.js'

/** A container as Docker lists it. @param nowMs milliseconds since 1970, which "2 minutes ago" counts from */
export function containerSummary(container: Container, nowMs: number): ContainerSummary {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.image,
    ImageID: container.imageId,
    Command: commandText(container),
    Created: Math.floor(Date.parse(container.createdAt) / 1000),
    Ports: ports(container),
    Labels: { ...container.config.labels },
    State: container.state.status,
    Status: statusText(container, nowMs),
    HostConfig: { NetworkMode: container.config.networkMode },
    NetworkSettings: { Networks: networksJson(container) },
    // A list shows the names of volumes and not where they are.
    Mounts: container.mounts.map((mount) => ({
      ...mountJson(mount),
      ...(mount.type === 'volume' ? { Source: '' } : {}),
    })),
  }
}

function ports({ config }: Container): ContainerSummary['Ports'] {
  return config.exposedPorts.flatMap((port) => {
    const match = /^(\d+)(?:\/(\w+))?$/.exec(port)
    return match?.[1] === undefined ? [] : [{ PrivatePort: Number(match[1]), Type: match[2] ?? 'tcp' }]
  })
}

function commandText({ path, args }: Container): string {
  return [path, ...args].map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' ')
}

/** `Up 5 minutes (Paused)`, `Exited (0) 14 seconds ago`. */
export function statusText({ state }: Container, nowMs: number): string {
  const since = (date: string | undefined) => durationInWords(nowMs - Date.parse(date ?? new Date(nowMs).toISOString()))
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${since(state.startedAt)}`
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
  }
}
