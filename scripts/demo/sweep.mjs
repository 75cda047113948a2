// The last broom of a demo or a test that may have failed midway: ends what runs from a folder, and takes the folder.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { run, say } from '../setup/say.mjs'

/** Ends the processes whose command line names the folder, unmounts what is mounted below it, and deletes it. */
export async function sweep(folder, ...pids) {
  for (const pid of [...pids.filter((pid) => pid !== undefined), ...processesOf(folder)]) end(pid)
  for (let round = 0; round < 40 && processesOf(folder).length > 0; round += 1) {
    await delay(50)
    for (const pid of processesOf(folder)) end(pid)
  }
  for (const target of mountsBelow(folder)) await run('umount', ['-l', target], { quiet: true, mayFail: true })
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
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
