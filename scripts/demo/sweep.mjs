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

function processesOf(folder) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => commandLine(pid).some((word) => word.endsWith(folder) || word.includes(`${folder}/`)))
    .map(Number)
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
