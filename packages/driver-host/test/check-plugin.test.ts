import { afterEach, describe, expect, it } from 'vitest'
import { type CheckResult, checkPlugin, type PluginReport } from '../src/index.js'
import { type Flaw, FlawedPlugin } from './support/flawed-plugin.js'

let plugin: FlawedPlugin | undefined

afterEach(async () => {
  await plugin?.stop()
  plugin = undefined
})

async function check(flaw: Flaw, only?: string): Promise<PluginReport & { readonly failed: readonly CheckResult[] }> {
  plugin = await FlawedPlugin.start(flaw)
  const report = await checkPlugin({ socket: plugin.socket, timeoutMs: 5000, ...(only ? { only } : {}) })
  return { ...report, failed: report.results.filter(({ isPassed }) => !isPassed) }
}

describe('a plugin without flaws', () => {
  it('passes every check, and has the volumes that it had', async () => {
    plugin = await FlawedPlugin.start()
    plugin.add('of-somebody-else')
    const told: string[] = []
    const { results, notRun } = await checkPlugin({ socket: plugin.socket, onResult: ({ title }) => told.push(title) })
    expect(results.filter(({ isPassed }) => !isPassed)).toEqual([])
    expect(results.length).toBeGreaterThan(40)
    expect(notRun).toBe(0)
    expect(told).toEqual(results.map(({ title }) => title))
    expect(await plugin.volumes()).toEqual(['of-somebody-else'])
  })

  it('gets names with the prefix, and the options', async () => {
    plugin = await FlawedPlugin.start('needs options')
    const options = { size: '1g' }
    const { results } = await checkPlugin({ socket: plugin.socket, options, namePrefix: 'mine-' })
    expect(results.filter(({ isPassed }) => !isPassed)).toEqual([])
  })
})

describe('a plugin that', () => {
  it.each<[Flaw, title: string, message: RegExp, advice: RegExp]>([
    [
      'keeps IDs as a set',
      'counts the mounts of an ID',
      /two Mounts and one Unmount.*not mounted any more/,
      /docker cp/,
    ],
    [
      'counts mounts and ignores IDs',
      'an Unmount that is repeated',
      /one Mount and two Unmounts, Remove failed/,
      /Never count below zero/,
    ],
    ['any Unmount unmounts', 'until its last ID', /took the mount of another/, /Keep the IDs/],
    ['invents volumes', 'says of a volume that it does not have', /nobody created/, /Never invent/],
    ['needs options', 'creates without options', /Create failed with 500: "Opts is null"|Opts is null/, /"Opts": null/],
    ['needs a content type', 'creates without options', /no content type/, /./],
    [
      'starts afresh on Create',
      'when Create is repeated',
      /not there after a second Create: ENOENT/,
      /never start the volume afresh/,
    ],
    ['leaves data on Remove', 'makes an empty volume', /is not empty/, /delete the data/],
    ['loses the case of names', 'keeps volumes apart', /./, /case/],
    ['shortens names', 'takes every name', /./, /do not shorten/],
    ['has a relative mount point', 'mounts at a directory', /no absolute Mountpoint/, /absolute/],
    ['lists nothing', 'shows the volume in Get and List', /List does not have/, /List \{"Volumes"/],
    ['Path knows nothing', 'and Path agrees', /Path does not answer what Mount did/, /same absolute Mountpoint/],
    ['creates on Mount', 'fails to mount what is not there', /succeeded/, /do not create it/],
    ['implements nothing', 'activates as a volume driver', /implements \[\]/, /Implements/],
    ['has a scope of its own', 'tells a scope', /galaxy/, /"global"/],
    ['never unmounts', 'until its last ID', /Remove once nobody has it mounted failed/, /when the last is unmounted/],
  ])('%s is told so (%s)', async (flaw, title, message, advice) => {
    const { failed } = await check(flaw, title)
    const found = failed.find((each) => each.title.includes(title))
    expect(found?.message).toMatch(message)
    expect(found?.advice).toMatch(advice)
  })

  it('keeps volumes for ever is told which', async () => {
    const { failed } = await check('never unmounts', 'until its last ID')
    expect(failed.at(-1)).toMatchObject({
      title: 'lets every volume be removed in the end',
      message: expect.stringMatching(
        /these cannot be removed: pouch-check-[0-9a-f]{6}-w\d+-vol \(.*is in use\)/,
      ) as string,
    })
  })

  it('dies of bad JSON is told so at once, and no time is lost with a dead one', async () => {
    const { failed, notRun } = await check('dies of bad JSON')
    expect(failed.map(({ title }) => title)).toEqual(['answers what it cannot understand with an error, and lives on'])
    expect(failed[0]?.advice).toMatch(/never let it end the process/)
    expect(notRun).toBeGreaterThan(20)
  })

  it('is not there is said to be so', async () => {
    await expect(checkPlugin({ socket: '/no/such.sock' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('gave no answer') as string,
    })
  })
})
