import type { ContainerdPaths } from './containerd-paths.js'

// What an engine of containers never asks for. Names that a version does not know are ignored by it. The runtime of
// version 1 (io.containerd.runtime.v1.linux) stays: 1.6 has no tasks service without it.
const disabledPlugins = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.cri.v1.images',
  'io.containerd.cri.v1.runtime',
  'io.containerd.nri.v1.nri',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
]

/** The configuration of a supervised containerd: local sockets only, and nothing outside the home. */
export function containerdConfig(paths: ContainerdPaths, logLevel: string): string {
  return `# Written at each start; changes are lost.
version = 2
root = ${quoted(paths.root)}
state = ${quoted(paths.state)}
# Lowering it needs a capability that root may lack.
oom_score = 0
disabled_plugins = [
${disabledPlugins.map((plugin) => `  ${quoted(plugin)},`).join('\n')}
]

[grpc]
  address = ${quoted(paths.address)}
  tcp_address = ""

[ttrpc]
  address = ${quoted(`${paths.address}.ttrpc`)}

[debug]
  level = ${quoted(logLevel)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${quoted(paths.opt)}
`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
