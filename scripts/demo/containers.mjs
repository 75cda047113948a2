// The demo as root: pouchd on a home and a containerd of its own, driven with the pouch CLI.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { staticBusybox } from '../setup/debian.mjs'
import { root, run, SetupError, say, step } from '../setup/say.mjs'
import { makeBusyboxImage } from './busybox-image.mjs'
import { sweep } from './sweep.mjs'

/** Runs the main job, step by step, and leaves nothing behind, also when a step fails. */
export async function containers({ store }) {
  const folder = mkdtempSync(join(tmpdir(), 'pouch-demo-'))
  const daemon = new Daemon(folder, store)
  const interrupted = () => void sweep(folder, daemon.pid).then(() => process.exit(130))
  process.once('SIGINT', interrupted)
  try {
    await mainJob(daemon, folder, store)
  } finally {
    await daemon.stop()
    await sweep(folder)
    process.off('SIGINT', interrupted)
  }
}

async function mainJob(daemon, folder, store) {
  const pouch = (...args) => cli(daemon.address, args)
  step('pouchd starts, with a containerd of its own')
  await daemon.start()
  await pouch('version')

  step("an image is made of this host's static busybox, and loaded")
  mkdirSync(join(folder, 'image'))
  const archive = await makeBusyboxImage({
    folder: join(folder, 'image'),
    busybox: staticBusybox(),
    reference: 'busybox:demo',
  })
  await pouch('load', '-i', archive)
  await pouch('images')

  step('a named volume')
  await pouch('volume', 'create', '--name', 'greetings')
  await pouch('volume', 'inspect', 'greetings')

  step('a first container writes into it')
  await pouch(
    'run',
    '--rm',
    '-v',
    'greetings:/data',
    'busybox:demo',
    'sh',
    '-c',
    'echo "hello from $(hostname)" > /data/hello.txt',
  )

  step('another one goes on writing while the daemon is killed')
  await pouch(
    'run',
    '-d',
    '--name',
    'writer',
    '-v',
    'greetings:/data',
    'busybox:demo',
    'sh',
    '-c',
    'n=0; while true; do n=$((n+1)); echo line $n; echo $n > /data/count; usleep 100000; done',
  )
  if (store === 'memory') say('(a memory store forgets when its process ends, so the daemon is not killed)')
  else await killAndRestart(daemon, pouch)

  step('a container reads what the others wrote')
  await pouch(
    'run',
    '--rm',
    '-v',
    'greetings:/data:ro',
    'busybox:demo',
    'sh',
    '-c',
    'cat /data/hello.txt; echo "count is $(cat /data/count)"',
  )
  await pouch('logs', '--tail', '3', 'writer')

  step('a held volume is not removed')
  await cli(daemon.address, ['volume', 'rm', 'greetings'], { mayFail: true })

  step('everything is removed')
  await pouch('rm', '-f', 'writer')
  await pouch('volume', 'rm', 'greetings')
  await pouch('rmi', 'busybox:demo')
}

async function killAndRestart(daemon, pouch) {
  step('kill -9 of the daemon, and a new one')
  await delay(500)
  await daemon.kill()
  say('killed')
  await daemon.start()
  await pouch('ps')
}

async function cli(address, args, { mayFail = false } = {}) {
  say(`$ pouch ${args.map((arg) => (/^[\w./:=@-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`)
  const { code } = await run(join(root, 'node_modules/.bin/pouch'), ['-H', address, ...args], { mayFail: true })
  if (code !== 0 && !mayFail) throw new SetupError(`pouch ${args[0]} ended with code ${code}`)
}

class Daemon {
  #child
  #folder
  #socket
  #store

  constructor(folder, store) {
    this.#folder = folder
    this.#socket = join(folder, 'pouchd.sock')
    this.#store = store
  }

  get address() {
    return `unix://${this.#socket}`
  }

  get pid() {
    return this.#child?.pid
  }

  async start() {
    const log = join(this.#folder, 'pouchd.log')
    const { openSync } = await import('node:fs')
    const out = openSync(log, 'a')
    const args = ['--home-dir', join(this.#folder, 'home'), '-l', this.address, '--store', this.#store]
    this.#child = spawn(join(root, 'node_modules/.bin/pouchd'), args, { stdio: ['ignore', out, out], detached: true })
    const started = Date.now()
    while (!(await answers(this.#socket))) {
      if (this.#child.exitCode !== null)
        throw new SetupError(
          `pouchd ended with code ${this.#child.exitCode}:\n${readFileSync(log, 'utf8').slice(-4000)}`,
        )
      if (Date.now() - started > 30_000)
        throw new SetupError(`pouchd does not answer after 30 s:\n${readFileSync(log, 'utf8').slice(-4000)}`)
      await delay(50)
    }
    say(`pouchd ${this.#child.pid} answers after ${Date.now() - started} ms`)
  }

  async kill() {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async stop() {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), 20_000)
    const [code] = await ended
    clearTimeout(deadline)
    say(`pouchd ended with code ${code}`)
  }
}

function answers(path) {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true) ?? socket.destroy())
    socket.once('error', () => resolve(false))
  })
}
