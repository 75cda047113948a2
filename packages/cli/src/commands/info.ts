import type { SystemInfo } from '@pouch/api'
import { formatBytes } from '@pouch/units'
import { compileTemplate } from '../format/template.js'
import { write } from '../io.js'
import type { Session } from '../session.js'

/** `pouch info`: shows what the daemon is and runs on. */
export async function info({ client, io }: Session, flags: { readonly format?: string }): Promise<undefined> {
  const found = await client.system.info()
  const template =
    flags.format === undefined ? undefined : compileTemplate(flags.format === 'json' ? '{{json .}}' : flags.format)
  await write(io.stdout, template === undefined ? describe(found) : `${template.render(found)}\n`)
  for (const warning of found.Warnings ?? []) await write(io.stderr, `${warning}\n`)
}

function describe(found: SystemInfo): string {
  const lines: readonly (readonly [string, unknown])[] = [
    ['Containers', found.Containers],
    [' Running', found.ContainersRunning],
    [' Paused', found.ContainersPaused],
    [' Stopped', found.ContainersStopped],
    ['Images', found.Images],
    ['Server Version', found.ServerVersion],
    ['Storage Driver', found.Driver],
    ...(found.DriverStatus ?? []).map(([key = '', value]) => [` ${key}`, value] as const),
    ['Logging Driver', found.LoggingDriver],
    ['Cgroup Driver', found.CgroupDriver],
    ['Cgroup Version', found.CgroupVersion],
    ['Plugins', ''],
    [' Volume', found.Plugins.Volume.join(' ')],
    [' Network', (found.Plugins.Network ?? []).join(' ')],
    [' Log', (found.Plugins.Log ?? []).join(' ')],
    ['Runtimes', Object.keys(found.Runtimes).join(' ')],
    ['Default Runtime', found.DefaultRuntime],
    ['Init Binary', found.InitBinary],
    ['containerd version', found.ContainerdCommit.ID],
    ['runc version', found.RuncCommit.ID],
    ['Security Options', (found.SecurityOptions ?? []).join(' ')],
    ['Kernel Version', found.KernelVersion],
    ['Operating System', found.OperatingSystem],
    ['OSType', found.OSType],
    ['Architecture', found.Architecture],
    ['CPUs', found.NCPU],
    ['Total Memory', formatBytes(found.MemTotal)],
    ['Name', found.Name],
    ['ID', found.ID],
    ['Root Dir', found.DockerRootDir],
    ['Labels', (found.Labels ?? []).join(' ')],
  ]
  return lines.map(([key, value]) => `${`${key}: ${String(value)}`.trimEnd()}\n`).join('')
}
