import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { PouchCli, shows } from './pouch-cli.js'

let daemon: RunningPouchd
let pouch: PouchCli

beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
  pouch = new PouchCli(daemon.address)
})

afterAll(() => daemon?.remove())

describe('on a terminal', () => {
  it('a shell is typed at, and its exit code is ours', async () => {
    const command = pouch.onTerminal('run', '--rm', '-it', '--network', 'none', 'busybox', 'sh')
    await shows(command.stdout, '#')
    command.stdin.write('echo $((40+2)); test -t 0 && echo "is a tty"; exit 7\r')
    const { code, stdout } = await command.ended
    expect(code).toBe(7)
    expect(stdout.toString()).toMatch(/\r\n42\r\nis a tty\r\n/)
  })

  it('its size is that of ours, also when ours changes', async () => {
    const script = 'sleep 0.5; stty size; trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done'
    const command = pouch.onTerminal('run', '--rm', '-it', '--network', 'none', 'busybox', 'sh', '-c', script)
    await shows(command.stdout, 'ready')
    await resizeTerminal(command.pid, 40, 100)
    const { code, stdout } = await command.ended
    expect([code, stdout.toString()]).toEqual([0, '33 77\r\nready\r\n40 100\r\n'])
  })

  it('ctrl-p ctrl-q leaves a container that runs on, and attach comes back to it', async () => {
    const command = pouch.onTerminal('run', '-it', '--network', 'none', '--name', 'left', 'busybox', 'sh')
    await shows(command.stdout, '#')
    command.stdin.write('\u0010\u0011')
    const left = await command.ended
    expect([left.code, left.stdout.toString()]).toEqual([0, expect.stringContaining('read escape sequence')])
    expect(await pouch.output('inspect', '-f', '{{.State.Running}}', 'left')).toBe('true\n')
    const again = pouch.onTerminal('attach', 'left')
    await delay(500)
    again.stdin.write('echo $((1+1)); exit 5\r')
    const { code, stdout } = await again.ended
    expect([code, stdout.toString()]).toEqual([5, expect.stringContaining('\r\n2\r\n')])
    await pouch.output('rm', 'left')
  })

  it('exec has one too', async () => {
    await pouch.output('run', '-d', '--name', 'host', '--network', 'none', 'busybox', 'sleep', '1000')
    const command = pouch.onTerminal('exec', '-it', 'host', 'sh', '-c', 'tty; sleep 0.5; stty size; exit 4')
    const { code, stdout } = await command.ended
    expect([code, stdout.toString()]).toEqual([4, expect.stringMatching(/^\/dev\/pts\/\d+\r\n33 77\r\n$/)])
    await pouch.output('rm', '-f', 'host')
  })

  it('-t is refused when the input is none', async () => {
    const { code, stderr } = await pouch.run(['run', '--rm', '-it', '--network', 'none', 'busybox', 'true'])
    expect([code, stderr]).toEqual([125, expect.stringMatching(/^pouch: .*not a terminal.*\n$/)])
  })
})

/** Gives the terminal below `script` another size, which the kernel tells whoever runs on it. */
async function resizeTerminal(scriptPid: number, rows: number, columns: number): Promise<void> {
  const child = readFileSync(`/proc/${scriptPid}/task/${scriptPid}/children`, 'utf8').trim().split(' ')[0]
  await promisify(execFile)('stty', ['-F', `/proc/${child}/fd/0`, 'rows', String(rows), 'cols', String(columns)])
}
