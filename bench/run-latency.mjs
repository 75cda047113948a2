// `run --rm busybox true` through pouchd's API beside `ctr run --rm` with the same image on the same containerd, rounds
// interleaved; then the daemon's memory with 30 running containers.   sudo node bench/run-latency.mjs [rounds]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeBusyboxImage } from '../scripts/demo/busybox-image.mjs'
import { sweep } from '../scripts/demo/sweep.mjs'
import { staticBusybox } from '../scripts/setup/debian.mjs'
import { root } from '../scripts/setup/say.mjs'
import { quantile, row, time } from './measure.mjs'

const rounds = Number(process.argv[2] ?? 40)
const folder = mkdtempSync(join(tmpdir(), 'pouch-bench-'))
const socket = join(folder, 'pouchd.sock')
const agent = new Agent({ keepAlive: true })

async function call(method, path, body) {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    host: 'docker',
    ...(payload ? { 'content-type': 'application/json', 'content-length': payload.length } : {}),
  }
  const outgoing = request({ socketPath: socket, method, path: `/v1.43${path}`, headers, agent })
  outgoing.end(payload)
  const [answer] = await once(outgoing, 'response')
  let text = ''
  for await (const chunk of answer) text += chunk
  if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

// What `docker run --rm` does without a terminal: create, wait for the removal, start.
async function runThroughApi() {
  const { Id } = await call('POST', '/containers/create', {
    Image: 'busybox',
    Cmd: ['true'],
    HostConfig: { AutoRemove: true, NetworkMode: 'none' },
  })
  const removed = call('POST', `/containers/${Id}/wait?condition=removed`)
  await call('POST', `/containers/${Id}/start`)
  await removed
}

let count = 0
async function runThroughCtr(address) {
  const name = `bench-${count++}`
  const args = [
    '--address',
    address,
    '--namespace',
    'pouch',
    'run',
    '--rm',
    'docker.io/library/busybox:latest',
    name,
    'true',
  ]
  const child = spawn('ctr', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`ctr ended with code ${code}`)
}

// pouchd's containerd writes its address into its own configuration.
function containerdAddress() {
  const config = readFileSync(join(folder, 'home/containerd/config.toml'), 'utf8')
  const address = /\[grpc\][^[]*?\n\s*address = "([^"]+)"/.exec(config)?.[1]
  if (address === undefined) throw new Error('the address of containerd was not found')
  return address
}

const memoryOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

const log = openSync(join(folder, 'pouchd.log'), 'a')
const daemon = spawn(
  process.execPath,
  [join(root, 'packages/daemon/bin/pouchd.js'), '--home-dir', join(folder, 'home'), '-l', `unix://${socket}`],
  { stdio: ['ignore', log, log] },
)
try {
  while ((await call('GET', '/info').catch(() => undefined)) === undefined) await delay(20)
  mkdirSync(join(folder, 'image'))
  const archive = readFileSync(
    await makeBusyboxImage({ folder: join(folder, 'image'), busybox: staticBusybox(), reference: 'busybox:latest' }),
  )
  const upload = request({
    socketPath: socket,
    method: 'POST',
    path: '/v1.43/images/load?quiet=1',
    headers: { host: 'docker', 'content-type': 'application/x-tar', 'content-length': archive.length },
  })
  upload.end(archive)
  const [loaded] = await once(upload, 'response')
  for await (const _ of loaded);
  const address = containerdAddress()
  const api = []
  const ctr = []
  for (let round = -3; round < rounds; round += 1) {
    const a = await time(runThroughApi)
    const b = await time(() => runThroughCtr(address))
    if (round >= 0) {
      api.push(a)
      ctr.push(b)
    }
  }
  process.stdout.write(`${''.padEnd(44)}   median      p95   (ms, ${rounds} rounds, interleaved)\n`)
  row('run --rm busybox true, through the API', api)
  row('ctr run --rm busybox true', ctr)
  process.stdout.write(`ratio of the medians: ${(quantile(api, 0.5) / quantile(ctr, 0.5)).toFixed(2)} (bound: 1.3)\n`)
  const idle = memoryOf(daemon.pid)
  const ids = []
  for (let number = 0; number < 30; number += 1) {
    const { Id } = await call('POST', '/containers/create', {
      Image: 'busybox',
      Cmd: ['sleep', '600'],
      StopSignal: 'SIGKILL',
    })
    await call('POST', `/containers/${Id}/start`)
    ids.push(Id)
  }
  await delay(3000)
  process.stdout.write(
    `memory of pouchd (RSS): ${idle.toFixed(0)} MB after the runs, ${memoryOf(daemon.pid).toFixed(0)} MB with 30 running containers (bound: 120)\n`,
  )
  for (const id of ids) await call('DELETE', `/containers/${id}?force=1`)
} finally {
  agent.destroy()
  const ended = once(daemon, 'exit')
  if (daemon.exitCode === null) {
    daemon.kill('SIGTERM')
    await ended
  }
  await sweep(folder)
}
