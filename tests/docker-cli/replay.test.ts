import { FrameDecoder } from '@pouch/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bodyOf, headOf, RawConnection } from '../../packages/daemon/test/support/raw-connection.js'
import { RunningPouchd } from '../running-pouchd.js'
import { createBody28 } from './create-body-28.js'

// What docker CLI 28 sends when it speaks 1.43, byte for byte but for the ids, in its order and on its connections: for
// machines that have no CLI of that age.
let daemon: RunningPouchd
beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
})
afterAll(() => daemon?.remove())

const common = 'Host: api.moby.localhost\r\nUser-Agent: Docker-Client/28.2.2 (linux)\r\n'
const upgrade = (type: string, length = 0) =>
  `Content-Length: ${length}\r\nConnection: Upgrade\r\nContent-Type: ${type}\r\nUpgrade: tcp\r\n`

function open(line: string, headers = '', body = ''): RawConnection {
  const connection = new RawConnection(daemon.socket)
  connection.socket.write(`${line} HTTP/1.1\r\n${common}${headers}\r\n${body}`)
  return connection
}

async function create(body: object): Promise<string> {
  const reply = await daemon.request('POST', '/v1.43/containers/create', body)
  expect(reply.status, reply.text).toBe(201)
  return reply.json<{ Id: string }>().Id
}

const hasHead = (got: Buffer) => got.includes('\r\n\r\n')

function text(framed: Buffer, wanted: string): string {
  const parts = [...new FrameDecoder().decode(framed)].filter(({ stream }) => stream === wanted)
  return Buffer.concat(parts.map(({ data }) => data)).toString()
}

/** The JSON of a chunked reply that has come to its end. */
function chunkedJson(reply: Buffer): unknown {
  const lines = bodyOf(reply).toString().split('\r\n')
  return JSON.parse(lines[1] ?? '')
}

describe('docker run --rm', () => {
  it('ping, create, attach, wait, start, and the end of each stream', async () => {
    const ping = await daemon.request('HEAD', '/_ping')
    expect([ping.status, ping.headers['api-version'], ping.headers.ostype]).toEqual([200, '1.43', 'linux'])
    const script = 'echo out; echo err >&2; exit 42'
    const body = createBody28({ Cmd: ['sh', '-c', script], Image: 'busybox' }, { AutoRemove: true })
    const id = await create(body)

    const attach = open(`POST /v1.43/containers/${id}/attach?stderr=1&stdout=1&stream=1`, upgrade('text/plain'))
    expect(headOf(await attach.until(hasHead))).toEqual([
      'HTTP/1.1 101 UPGRADED',
      'Content-Type: application/vnd.docker.multiplexed-stream',
      'Connection: Upgrade',
      'Upgrade: tcp',
    ])
    // Without stdin the CLI closes its half before the container is started.
    attach.socket.end()

    const wait = open(`POST /v1.43/containers/${id}/wait?condition=removed`, 'Content-Length: 0\r\n')
    const head = headOf(await wait.until(hasHead))
    expect(head[0]).toBe('HTTP/1.1 200 OK')
    expect(head).toContain('content-type: application/json')

    const start = await daemon.request('POST', `/v1.43/containers/${id}/start`)
    expect([start.status, start.text, start.headers['content-type']]).toEqual([204, '', undefined])

    const output = bodyOf(await attach.toEnd())
    expect([text(output, 'stdout'), text(output, 'stderr')]).toEqual(['out\n', 'err\n'])
    expect(chunkedJson(await wait.until((got) => got.includes('\r\n0\r\n\r\n')))).toEqual({ StatusCode: 42 })
    wait.socket.destroy()
    expect((await daemon.request('GET', `/v1.43/containers/${id}/json`)).status).toBe(404)
  })

  it('passes stdin and its half-close that both came before start', async () => {
    const config = { Cmd: ['cat'], Image: 'busybox', AttachStdin: true, OpenStdin: true, StdinOnce: true }
    const id = await create(createBody28(config, { AutoRemove: true }))
    const attach = open(`POST /v1.43/containers/${id}/attach?stderr=1&stdin=1&stdout=1&stream=1`, upgrade('text/plain'))
    await attach.until(hasHead)
    attach.socket.end('hello from a pipe\n')
    const wait = open(`POST /v1.43/containers/${id}/wait?condition=removed`, 'Content-Length: 0\r\n')
    await wait.until(hasHead)
    expect((await daemon.request('POST', `/v1.43/containers/${id}/start`)).status).toBe(204)
    expect(text(bodyOf(await attach.toEnd()), 'stdout')).toBe('hello from a pipe\n')
    expect(chunkedJson(await wait.until((got) => got.includes('\r\n0\r\n\r\n')))).toEqual({ StatusCode: 0 })
    wait.socket.destroy()
  })

  it('starts a terminal of the size that create names', async () => {
    const config = { Cmd: ['stty', 'size'], Image: 'busybox', Tty: true, OpenStdin: true, AttachStdin: true }
    const id = await create(createBody28(config, { ConsoleSize: [33, 111] }))
    const attach = open(`POST /v1.43/containers/${id}/attach?stderr=1&stdin=1&stdout=1&stream=1`, upgrade('text/plain'))
    expect(headOf(await attach.until(hasHead))).toContain('Content-Type: application/vnd.docker.raw-stream')
    expect((await daemon.request('POST', `/v1.43/containers/${id}/start`)).status).toBe(204)
    expect(bodyOf(await attach.toEnd()).toString()).toBe('33 111\r\n')
    expect((await daemon.request('DELETE', `/v1.43/containers/${id}?force=1`)).status).toBe(204)
  })
})

describe('docker exec', () => {
  it('inspect, create, start on a hijacked connection, inspect', async () => {
    const id = await create(
      createBody28({ Cmd: ['sleep', '60'], Image: 'busybox', AttachStdout: false, AttachStderr: false }),
    )
    expect((await daemon.request('POST', `/v1.43/containers/${id}/start`)).status).toBe(204)
    expect((await daemon.request('GET', `/v1.43/containers/${id}/json`)).json()).toMatchObject({
      State: { Running: true },
    })
    const body = {
      User: '',
      Privileged: false,
      Tty: false,
      AttachStdin: false,
      AttachStderr: true,
      AttachStdout: true,
      Detach: false,
      DetachKeys: '',
      Env: null,
      WorkingDir: '',
      Cmd: ['sh', '-c', 'echo hi; exit 7'],
    }
    const made = await daemon.request('POST', `/v1.43/containers/${id}/exec`, body)
    expect(made.status).toBe(201)
    const exec = made.json<{ Id: string }>().Id
    const json = '{"Detach":false,"Tty":false}\n'
    const start = open(`POST /v1.43/exec/${exec}/start`, upgrade('application/json', json.length), json)
    const reply = await start.toEnd()
    expect(headOf(reply).slice(0, 2)).toEqual([
      'HTTP/1.1 101 UPGRADED',
      'Content-Type: application/vnd.docker.multiplexed-stream',
    ])
    expect(text(bodyOf(reply), 'stdout')).toBe('hi\n')
    const inspected = (await daemon.request('GET', `/v1.43/exec/${exec}/json`)).json()
    expect(inspected).toMatchObject({
      ID: exec,
      Running: false,
      ExitCode: 7,
      ContainerID: id,
      OpenStdout: true,
      OpenStdin: false,
    })
    expect((await daemon.request('DELETE', `/v1.43/containers/${id}?force=1`)).status).toBe(204)
  })
})

describe('statuses that Docker gives', () => {
  it('304 for what is so already, 409 for what cannot be now, 404 for what is gone', async () => {
    const id = await create(createBody28({ Cmd: ['sleep', '60'], Image: 'busybox' }))
    const post = async (path: string, body?: object) => {
      const { status, text: message } = await daemon.request('POST', `/v1.43/containers/${id}/${path}`, body)
      return [status, message === '' ? '' : (JSON.parse(message) as { message: string }).message]
    }
    expect(await post('stop')).toEqual([304, ''])
    expect(await post('kill')).toEqual([409, `Cannot kill container: ${id}: Container ${id} is not running`])
    expect(await post('pause')).toEqual([409, `Container ${id} is not running`])
    expect(await post('exec', { Cmd: ['ls'] })).toEqual([409, `Container ${id} is not running`])
    expect(await post('resize?h=10&w=10')).toEqual([409, `Container ${id} is not running`])
    expect(await post('start', { Binds: [] })).toEqual([400, expect.stringContaining('non-empty request body')])
    expect(await post('start')).toEqual([204, ''])
    expect(await post('start')).toEqual([304, ''])
    expect(await post('exec', {})).toEqual([400, 'No exec command specified'])
    expect(await post('kill?signal=SIGFOO')).toEqual([400, expect.stringContaining(`Cannot kill container: ${id}: `)])
    expect(await post('wait?condition=foo')).toEqual([400, 'invalid condition: "foo"'])
    expect(await post('rename')).toEqual([400, 'Neither old nor new names may be empty'])
    expect(await post('resize')).toEqual([400, expect.stringContaining('h and w')])
    const running = await daemon.request('DELETE', `/v1.43/containers/${id}`)
    expect([running.status, running.json<{ message: string }>().message]).toEqual([
      409,
      `You cannot remove a running container ${id}. Stop the container before attempting removal or force remove`,
    ])
    expect(await post('pause')).toEqual([204, ''])
    expect(await post('pause')).toEqual([409, `Container ${id} is already paused`])
    expect(await post('start')).toEqual([409, 'cannot start a paused container, try unpause instead'])
    expect(await post('exec', { Cmd: ['ls'] })).toEqual([
      409,
      expect.stringMatching(/is paused, unpause the container before exec$/),
    ])
    expect((await daemon.request('DELETE', `/v1.43/containers/${id}?force=1`)).status).toBe(204)
    expect(await post('start')).toEqual([404, `No such container: ${id}`])
    const logs = await daemon.request('GET', `/v1.43/containers/${id}/logs?stdout=1`)
    expect([logs.status, logs.json<{ message: string }>().message]).toEqual([404, `No such container: ${id}`])
  })

  it('409 for a name that is taken, with the id of who has it', async () => {
    const id = (
      await daemon.request(
        'POST',
        '/v1.43/containers/create?name=taken',
        createBody28({ Cmd: ['true'], Image: 'busybox' }),
      )
    ).json<{ Id: string }>().Id
    const again = await daemon.request(
      'POST',
      '/v1.43/containers/create?name=taken',
      createBody28({ Cmd: ['true'], Image: 'busybox' }),
    )
    expect([again.status, again.json<{ message: string }>().message]).toEqual([
      409,
      `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    ])
    await daemon.request('DELETE', `/v1.43/containers/${id}`)
  })
})
