import { describe, expect, it } from 'vitest'
import { deviceMount } from '../src/device-mount.js'
import { deviceSettings } from '../src/device-settings.js'

const settings = (options: Record<string, string>) => deviceSettings(options)

describe('type, o and device', () => {
  it.each([
    [{ o: 'bind' }, 'missing required option: "device"'],
    [{ type: 'nfs' }, 'missing required option: "device"'],
    [{ device: '/dev/sdz' }, 'missing required option: "type"'],
    [{ o: 'ro', device: '/dev/sdz' }, 'missing required option: "type"'],
    [{ o: 'ro', type: 'ext4' }, 'missing required option: "device"'],
    [{ type: 'ext4', device: '' }, 'missing device in volume options'],
    [
      { type: 'cifs', device: '//server:1445/share', o: 'addr=server' },
      "port not allowed in CIFS device URL, include 'port' in 'o='",
    ],
    [
      { type: 'cifs', device: '//me:p@server:1445/share' },
      "port not allowed in CIFS device URL, include 'port' in 'o='",
    ],
    [{ type: 'cifs', device: '//[::1]:445/share' }, "port not allowed in CIFS device URL, include 'port' in 'o='"],
  ])('are refused in Docker’s words: %j', (options, message) => {
    expect(() => settings(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', message }))
  })

  it.each([[{ type: '', device: '' }], [{ type: '', device: '', o: '' }], [{}]])(
    'mount nothing when they are empty: %j',
    (options) => {
      expect(settings(options)).toBeUndefined()
    },
  )

  it.each([
    [{ type: 'none', device: '/srv', o: 'ro' }, 'type'],
    [{ type: '', device: '/srv', o: 'ro' }, 'type'],
    [{ type: 'none', device: 'srv', o: 'bind' }, 'device'],
    [{ type: 'none', device: '/srv', o: 'bind,uid=1000' }, 'o'],
    [{ type: 'none', device: '/srv', o: 'bind,remount' }, 'o'],
    [{ type: '-t', device: '/srv' }, 'type'],
    [{ type: 'a b', device: '/srv' }, 'type'],
    [{ type: 'ext4', device: '/dev/\0' }, 'device'],
  ])('are refused where they make no mount: %j', (options, option) => {
    expect(() => settings(options)).toThrow(expect.objectContaining({ code: 'invalid-argument', details: { option } }))
  })

  it('are refused without what is secret in them', () => {
    const refusal = expect.objectContaining({ message: expect.stringMatching(/^(?!.*geheim).*https:\/\/\*+@files/) })
    expect(() => settings({ type: 'none', device: 'https://me:geheim@files/', o: 'bind' })).toThrow(refusal)
  })

  it('know a bind from a filesystem', () => {
    expect(settings({ type: 'none', device: '/srv', o: 'rbind,ro' })).toMatchObject({ isBind: true })
    expect(settings({ type: 'tmpfs', device: 'tmpfs', o: 'size=1m' })).toMatchObject({ isBind: false })
    expect(settings({ type: 'cifs', device: '//[::1]/share' })).toMatchObject({ isBind: false })
  })
})

describe('the mount of a device', () => {
  const asked: string[] = []
  const resolve = async (host: string) => {
    asked.push(host)
    return '192.0.2.7'
  }
  const mountOf = async (type: string, device: string, o: string) =>
    await deviceMount({ type, device, o, isBind: o.includes('bind') }, resolve)

  it.each([
    ['nfs', ':/export', 'addr=192.0.2.9,rw,nfsvers=4', '192.0.2.9:/export', 'addr=192.0.2.9,rw,nfsvers=4'],
    ['nfs', ':/export', 'addr=files,ro', '192.0.2.7:/export', 'addr=192.0.2.7,ro'],
    ['nfs', 'files:/export', 'ro', 'files:/export', 'ro,addr=192.0.2.7'],
    ['nfs4', ':/', 'soft,addr=2001:db8::1', '[2001:db8::1]:/', 'soft,addr=2001:db8::1'],
    ['nfs4', '[2001:db8::1]:/export', '', '[2001:db8::1]:/export', 'addr=2001:db8::1'],
    ['nfs', ':/export', '', ':/export', undefined],
    ['cifs', '//files/share/deep', 'username=me,password=p', '//192.0.2.7/share/deep', 'username=me,password=p'],
    ['cifs', '//files/share', 'username=me,addr=files', '//files/share', 'username=me,addr=192.0.2.7'],
    ['cifs', '//me:p@files/share', '', '//me:p@192.0.2.7/share', undefined],
    ['cifs', '//192.0.2.9/share', 'guest', '//192.0.2.9/share', 'guest'],
    ['ext4', '/dev/sdz1', 'ro,data=ordered', '/dev/sdz1', 'ro,data=ordered'],
    ['tmpfs', 'tmpfs', 'size=1m,addr=files', 'tmpfs', 'size=1m,addr=files'],
  ])('%s %s with %j has its server’s address', async (type, device, o, source, options) => {
    asked.length = 0
    expect(await mountOf(type, device, o)).toEqual({ source, type, options: options === undefined ? [] : [options] })
    expect(asked).toEqual(asked.map(() => 'files'))
  })

  it('of a bind has no type', async () => {
    expect(await mountOf('none', '/srv', 'bind,ro')).toEqual({ source: '/srv', type: '', options: ['bind,ro'] })
  })

  it('says which server cannot be found, and nothing of the options', async () => {
    const fail = async () => await Promise.reject(new Error('ENOTFOUND'))
    const nowhere = { type: 'cifs', device: '//nowhere/share', o: 'username=me,password=geheim', isBind: false }
    await expect(deviceMount(nowhere, fail)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^(?!.*geheim).*nowhere/),
    })
  })
})
