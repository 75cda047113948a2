// After the tests and the demo: no mount, loop device, process, cgroup or directory of ours is left outside the clone.
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRoot, main, root, run, say } from './setup/say.mjs'

await main(async () => {
  const left = [...mounts(), ...processes(), ...directories(), ...cgroups(), ...(isRoot ? await loops() : [])]
  for (const what of left) say(`left behind: ${what}`)
  if (left.length === 0) say('nothing is left: no mount, loop device, process, cgroup or directory of ours')
  return left.length === 0 ? 0 : 1
})

function mounts() {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  return targets
    .filter((target) => /\/pouch/.test(target) && !root.startsWith(target))
    .map((target) => `mount ${target}`)
}

function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => [pid, commandLine(pid)])
    .filter(
      ([, line]) =>
        /(containerd|shim|pouchd|pouch-volume-plugin|dockerd|conmon|docker-registry|runc)/.test(line) &&
        /\/pouch|\/tmp\//.test(line),
    )
    .map(([pid, line]) => `process ${pid}: ${line.slice(0, 120)}`)
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function directories() {
  const places = [tmpdir(), '/run', '/var/lib', '/mnt']
  return places.flatMap((place) =>
    listed(place)
      .filter((name) => /^pouch/.test(name))
      .map((name) => `directory ${place}/${name}`),
  )
}

function cgroups() {
  const parents = ['/sys/fs/cgroup', ...listed('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name))]
  return parents.flatMap((parent) =>
    listed(parent)
      .filter((name) => /^pouch-([0-9a-f]{64}|dockerd-[0-9a-f]{8})$/.test(name))
      .map((name) => `cgroup ${join(parent, name)}`),
  )
}

function listed(place) {
  try {
    return readdirSync(place)
  } catch {
    return []
  }
}

async function loops() {
  const { output } = await run('losetup', ['-a'], { quiet: true, mayFail: true })
  return output
    .split('\n')
    .filter((line) => /pouch/.test(line))
    .map((line) => `loop device ${line}`)
}
