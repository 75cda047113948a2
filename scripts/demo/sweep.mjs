// The last broom of a demo or a test that may have failed midway: ends what runs from a folder, and takes the folder.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { run, say } from '../setup/say.mjs'

/** Ends the processes whose command line names the folder, unmounts what is mounted below it, and deletes it. */
export async function sweep(folder, ...pids) {
  const containers = new Set()
  for (const pid of pids.filter((pid) => pid !== undefined)) end(pid)
  for (let round = 0; round < 40; round += 1) {
    const left = processesOf(folder)
    for (const pid of left) {
      const words = commandLine(pid)
      if (words[0]?.includes('containerd-shim')) containers.add(words[words.indexOf('-id') + 1])
    }
    for (const pid of left) end(pid)
    if (left.length === 0) break
    await delay(50)
  }
  for (const id of containers) removeCgroups(id)
  for (const target of mountsBelow(folder)) await run('umount', ['-l', target], { quiet: true, mayFail: true })
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

// runc removes the cgroup of a container that it deletes; nobody does when all of them were killed.
function removeCgroups(id) {
  const parents = ['/sys/fs/cgroup', ...readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)]
  for (const parent of parents) {
    const cgroup = `${parent}/pouch-${id}`
    if (existsSync(cgroup)) rmdirSync(cgroup)
  }
}

// With a shim go the processes of its container, whose command lines name nothing of ours.
function processesOf(folder) {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
  const named = pids.filter((pid) =>
    commandLine(pid).some((word) => word.endsWith(folder) || word.includes(`${folder}/`)),
  )
  const shims = new Set(named.filter((pid) => commandLine(pid)[0]?.includes('containerd-shim')))
  return [...named, ...pids.filter((pid) => !named.includes(pid) && descendsFrom(shims, pid))]
}

function descendsFrom(ancestors, pid) {
  for (let parent = parentOf(pid); parent > 1; parent = parentOf(parent)) if (ancestors.has(parent)) return true
  return false
}

function parentOf(pid) {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function end(pid) {
  try {
    process.kill(pid, 'SIGKILL')
    say(`ended process ${pid}`)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

function mountsBelow(folder) {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${folder}/`))
    .reverse()
}
