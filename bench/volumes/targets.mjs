// What the volumes are to reach, as ratios to dockerd in the same run. `most`: ours divided by dockerd's is at most this; `least`: at least.
export const targets = [
  { figure: 'createMs', title: 'create, one at a time, p50 ms', most: 1.3 },
  { figure: 'inspectMs', title: 'inspect, one at a time, p50 ms', most: 1 },
  { figure: 'removeMs', title: 'remove, one at a time, p50 ms', most: 1 },
  { figure: 'createRate', title: 'create, 16 connections, /s', least: 1.5 },
  { figure: 'inspectRate', title: 'inspect, 16 connections, /s', least: 1 },
  { figure: 'removeRate', title: 'remove, 16 connections, /s', least: 1.5 },
  { figure: 'listMs', title: 'list 10,000, ms', most: 0.5 },
  { figure: 'labelMs', title: 'list 10,000 by label, ms', most: 1 },
  { figure: 'danglingMs', title: 'list 10,000 dangling, ms', most: 1 },
  { figure: 'inspectFullMs', title: 'inspect among 10,000, p50 ms', most: 1 },
  { figure: 'rssMb', title: 'RSS with 10,000 volumes, MB', most: 1 },
  { figure: 'startFullMs', title: 'start with 10,000 volumes to /_ping, ms' },
]

/** Whether a ratio reaches its target; `undefined` without one. */
export function isReached({ most, least }, ratio) {
  if (most !== undefined) return ratio <= most
  return least === undefined ? undefined : ratio >= least
}
