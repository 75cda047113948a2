import { PouchError } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import { maskedText, scrubbed, secretsInText } from '../src/driver.js'

describe('secrets in mount options and devices', () => {
  it.each([
    ['user=me,password=geheim,ro', 'user=me,password=********,ro'],
    ['password=ge,,heim,ro', 'password=********,ro'],
    ['pass=a=b', 'pass=********'],
    ['password2=x,PASSWORD=y', 'password2=********,PASSWORD=********'],
    ['secret=x,secretfile=/etc/ceph/key', 'secret=********,secretfile=/etc/ceph/key'],
    ['ro,nopassword,bypass=1', 'ro,nopassword,bypass=1'],
    ['', ''],
  ])('%s is shown as %s', (options, shown) => {
    expect(maskedText(options)).toBe(shown)
  })

  it.each([
    ['https://u:ge@heim@files/dav', 'https://********@files/dav', ['u:ge@heim@', 'ge@heim']],
    ['//me:ge/heim@files/share', '//********@files/share', ['me:ge/heim@', 'ge/heim']],
    ['https://u:ge%20heim@files', 'https://********@files', ['u:ge%20heim@', 'ge%20heim', 'ge heim']],
    ['ssh://git@files/a', 'ssh://********@files/a', ['git@']],
    ['https://files/dav?a=b&token=geheim', 'https://files/dav?a=b&token=********', ['geheim']],
    ['//files:445/a@b', '//files:445/a@b', []],
    ['/dev/sda1', '/dev/sda1', []],
  ])('a device %s is shown as %s', (device, shown, secrets) => {
    expect(maskedText(device)).toBe(shown)
    expect(secretsInText(device)).toEqual(secrets)
  })

  it('are found in several texts, the longest first', () => {
    expect(secretsInText('pass=ge', '//u:geheim@files')).toEqual(['u:geheim@', 'geheim', 'ge'])
  })

  it('are taken out of errors, wherever these repeat them', () => {
    const cause = new Error('mount: bad option password=geheim')
    const error = new PouchError('invalid-argument', 'mount failed', {
      subject: '//u:geheim@files',
      details: { options: ['password=geheim'] },
      cause,
    })
    expect(scrubbed(error, secretsInText('//u:geheim@files'))).toMatchObject({
      code: 'invalid-argument',
      message: 'mount failed',
      subject: '//********@files',
      details: { options: ['password=********'] },
      cause: { message: 'mount: bad option password=********' },
    })
    expect(scrubbed(error, ['other'])).toBe(error)
  })
})
