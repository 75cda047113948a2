import type { DiskUsage } from '@pouch/api'

/** What all things of one kind take up. */
export interface SpaceSummary {
  readonly type: 'Images' | 'Containers' | 'Local Volumes'
  readonly total: number
  /** How many are in use. */
  readonly active: number
  readonly bytes: number
  /** What removing those that are not in use would give back. */
  readonly reclaimableBytes: number
}

/** Sums up by Docker's rules: a volume whose size is not known counts, and adds no bytes. */
export function summarize(usage: DiskUsage): readonly SpaceSummary[] {
  return [images(usage), containers(usage), volumes(usage)]
}

function images({ Images: found, LayersSize: layersBytes = 0 }: DiskUsage): SpaceSummary {
  const all = found ?? []
  const used = all.filter(({ Containers: count }) => count > 0)
  const usedBytes = sum(used.map(({ Size: bytes, SharedSize: shared }) => bytes - Math.max(0, shared)))
  const reclaimableBytes = Math.max(0, layersBytes - usedBytes)
  return { type: 'Images', total: all.length, active: used.length, bytes: layersBytes, reclaimableBytes }
}

function containers({ Containers: found }: DiskUsage): SpaceSummary {
  const all = found ?? []
  const isActive = (state: string) => ['running', 'paused', 'restarting'].includes(state)
  const idle = all.filter(({ State: state }) => !isActive(state))
  return {
    type: 'Containers',
    total: all.length,
    active: all.length - idle.length,
    bytes: sum(all.map(({ SizeRw: bytes }) => bytes ?? 0)),
    reclaimableBytes: sum(idle.map(({ SizeRw: bytes }) => bytes ?? 0)),
  }
}

function volumes({ Volumes: found }: DiskUsage): SpaceSummary {
  const all = (found ?? []).map(({ UsageData: data }) => ({
    bytes: Math.max(0, data?.Size ?? 0),
    users: data?.RefCount ?? 0,
  }))
  const idle = all.filter(({ users }) => users <= 0)
  return {
    type: 'Local Volumes',
    total: all.length,
    active: all.length - idle.length,
    bytes: sum(all.map(({ bytes }) => bytes)),
    reclaimableBytes: sum(idle.map(({ bytes }) => bytes)),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
