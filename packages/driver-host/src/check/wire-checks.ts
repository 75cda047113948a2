import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginCheck } from './check.js'
import type { PluginWire, WireAnswer } from './plugin-wire.js'
import { assertDone, assertRefused, WireStage } from './wire-stage.js'

interface WireCheck {
  readonly title: string
  readonly advice: string
  run(stage: WireStage): Promise<void>
}

/** What dockerd relies on, and what plugins get wrong: the protocol itself, before any driver is built on it. */
const checks: readonly WireCheck[] = [
  {
    title: 'activates as a volume driver',
    advice: 'Answer POST /Plugin.Activate with {"Implements": ["VolumeDriver"]}, also when it is called again.',
    run: async ({ wire }) => {
      for (const _ of [1, 2]) {
        const answer = await wire.call('/Plugin.Activate')
        assertDone(answer, 'Plugin.Activate')
        const parts = answer.json?.Implements
        assert.ok(Array.isArray(parts) && parts.includes('VolumeDriver'), `it implements ${JSON.stringify(parts)}`)
      }
    },
  },
  {
    title: 'tells a scope that Docker knows',
    advice:
      'Answer Capabilities with {"Capabilities": {"Scope": "local"}}, or "global" when every host sees the same volumes.',
    run: async ({ wire }) => {
      const answer = await wire.call('Capabilities', {})
      // Docker takes an error for "local": plugins are older than this call.
      if (answer.error !== '') return
      const scope = (answer.json?.Capabilities as { Scope?: unknown } | undefined)?.Scope
      assert.ok(scope === 'local' || scope === 'global', `the scope is ${JSON.stringify(scope)}`)
    },
  },
  {
    title: 'says of a volume that it does not have that it has none',
    advice:
      'Answer Get of an unknown name with status 500 and {"Err": "…"}: Docker then creates it. Never invent a volume.',
    run: async (stage) => {
      const answer = await stage.get('nobody')
      const isNone = answer.error !== '' || (answer.json?.Volume ?? null) === null
      assert.ok(isNone, `Get of a name that nobody created answered ${answer.text}`)
    },
  },
  {
    title: 'creates without options, and shows the volume in Get and List',
    advice:
      'Take "Opts": null and an absent Opts alike. Get answers {"Volume": {"Name", "Mountpoint", "Status"}}, List {"Volumes": […]}.',
    run: async (stage) => {
      await stage.made('vol')
      const got = await stage.get('vol')
      assertDone(got, 'Get')
      const name = stage.name('vol')
      assert.equal((got.json?.Volume as { Name?: unknown } | undefined)?.Name, name, 'Get answered another Name')
      const listed = await stage.wire.call('List', {})
      assertDone(listed, 'List')
      const names = ((listed.json?.Volumes ?? []) as { Name?: unknown }[]).map((volume) => volume.Name)
      assert.equal(names.filter((each) => each === name).length, 1, 'List does not have the volume once')
    },
  },
  {
    title: 'leaves a volume as it is when Create is repeated',
    advice:
      'Answer a second Create of a name with success, or with an error; never start the volume afresh, and never make another.',
    run: async (stage) => {
      await stage.made('vol')
      const file = join(await stage.mounted('vol', 'a'), 'written-by-the-check')
      await writeFile(file, 'kept')
      await stage.create('vol')
      const lost = 'what was in the volume is not there after a second Create'
      assert.equal(await reached(readFile(file, 'utf8'), lost), 'kept', lost)
      assertDone(await stage.unmount('vol', 'a'), 'Unmount after a second Create')
      assertDone(await stage.get('vol'), 'Get after a second Create')
      assertDone(await stage.remove('vol'), 'Remove after a second Create')
      assert.ok(isAbsent(await stage.get('vol')), 'the volume is still there: the second Create made another')
    },
  },
  {
    title: 'mounts at a directory of this host, and Path agrees',
    advice:
      'Answer Mount and Path with the same absolute Mountpoint; a plugin in a container needs a mount that is propagated to the host.',
    run: async (stage) => {
      await stage.made('vol')
      const point = await stage.mounted('vol', 'a')
      const unreachable = `the Mountpoint ${point} is no directory that can be reached from here`
      assert.ok((await reached(stat(point), unreachable)).isDirectory(), unreachable)
      const path = await stage.wire.call('Path', { Name: stage.name('vol') })
      assertDone(path, 'Path')
      assert.equal(path.json?.Mountpoint, point, 'Path does not answer what Mount did')
    },
  },
  {
    title: 'keeps a volume mounted until its last ID is unmounted',
    advice: 'Keep the IDs that have a volume mounted. Undo the mount when the last is unmounted, and not before.',
    run: async (stage) => {
      await stage.made('vol')
      const point = await stage.mounted('vol', 'a')
      assert.equal(await stage.mounted('vol', 'b'), point, 'one volume is mounted at two places')
      assertDone(await stage.unmount('vol', 'a'), 'Unmount')
      const path = await stage.wire.call('Path', { Name: stage.name('vol') })
      assert.equal(path.json?.Mountpoint, point, 'Unmount of one ID took the mount of another')
      assertDone(await stage.unmount('vol', 'b'), 'Unmount')
      assertDone(await stage.remove('vol'), 'Remove once nobody has it mounted')
    },
  },
  {
    title: 'counts the mounts of an ID',
    advice:
      'Count the Mounts of each ID, and undo the mount with as many Unmounts: for docker cp on a running container Docker mounts and unmounts with the ID that the container has.',
    run: async (stage) => {
      await stage.made('vol')
      const point = await stage.mounted('vol', 'same')
      assert.equal(await stage.mounted('vol', 'same'), point, 'one ID is mounted at two places')
      assertDone(await stage.unmount('vol', 'same'), 'Unmount')
      const path = await stage.wire.call('Path', { Name: stage.name('vol') })
      assertDone(await stage.unmount('vol', 'same'), 'the second Unmount')
      const isMounted = path.json?.Mountpoint === point
      assert.ok(isMounted, 'after two Mounts and one Unmount with the same ID, the volume is not mounted any more')
      assertDone(await stage.remove('vol'), 'Remove after two Mounts and two Unmounts')
    },
  },
  {
    title: 'takes no harm from an Unmount with a foreign ID',
    advice:
      'Keep the IDs that have a volume mounted. An Unmount with another ID changes nothing, whether it answers success or an error.',
    run: async (stage) => {
      await stage.made('vol')
      await stage.mounted('vol', 'a')
      await stage.unmount('vol', 'other')
      const path = await stage.wire.call('Path', { Name: stage.name('vol') })
      assert.notEqual(
        path.json?.Mountpoint ?? '',
        '',
        'an Unmount with an ID that was never mounted took the mount away',
      )
      assertDone(await stage.unmount('vol', 'a'), 'Unmount')
      assertDone(await stage.remove('vol'), 'Remove after an Unmount of an ID that was never mounted')
    },
  },
  {
    title: 'takes no harm from an Unmount that is repeated',
    advice:
      'Never count below zero: an Unmount of what is not mounted changes nothing, whether it answers success or an error. A client repeats Unmount when it did not get the answer.',
    run: async (stage) => {
      await stage.made('vol')
      await stage.mounted('vol', 'a')
      assertDone(await stage.unmount('vol', 'a'), 'Unmount')
      await stage.unmount('vol', 'a')
      const removed = await stage.remove('vol')
      if (removed.error !== '') await rebalance(stage)
      assert.equal(removed.error, '', 'after one Mount and two Unmounts, Remove failed')
    },
  },
  {
    title: 'fails to mount what is not there',
    advice: 'Answer Mount of an unknown name with status 500 and {"Err": "…"}; do not create it.',
    run: async (stage) => {
      assertRefused(await stage.mount('nobody', 'a'), 'Mount of a name that nobody created succeeded')
      assert.ok(isAbsent(await stage.get('nobody')), 'Mount of an unknown name made a volume')
    },
  },
  {
    title: 'answers what it cannot understand with an error, and lives on',
    advice:
      'Answer a body that is not JSON, and a method that you do not know, with a status from 400 up; never let it end the process.',
    run: async (stage) => {
      const broken = await stage.wire.send('/VolumeDriver.Create', '{"Name": ')
      assert.ok(broken.status >= 400 || broken.error !== '', `half a JSON body was answered ${broken.status}`)
      const unknown = await stage.wire.call('Fly', {})
      assert.ok(unknown.status >= 400 || unknown.error !== '', `VolumeDriver.Fly was answered ${unknown.status}`)
      const nameless = await stage.wire.call('Create', {})
      assertRefused(nameless, 'a Create without a Name succeeded')
      await stage.made('vol')
    },
  },
]

/** Binds the checks to a plugin. @param prefix what every name begins with */
export function wireChecks(
  wire: PluginWire,
  prefix: string,
  options: Readonly<Record<string, string>>,
): readonly PluginCheck[] {
  return checks.map(({ title, advice, run }, index) => ({
    title,
    advice,
    run: async () => {
      const stage = new WireStage(wire, `${prefix}w${index}-`, options)
      try {
        await run(stage)
      } finally {
        await stage.clear()
      }
    },
  }))
}

/** What was read of the host, or what it means that it could not be, with the reason. */
async function reached<T>(reading: Promise<T>, meaning: string): Promise<T> {
  return await reading.catch((cause: unknown) => {
    throw new Error(`${meaning}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  })
}

function isAbsent(answer: WireAnswer): boolean {
  return answer.error !== '' || (answer.json?.Volume ?? null) === null
}

/** Brings a counter that went below zero back up, so that the check leaves no volume that is in use for ever. */
async function rebalance(stage: WireStage): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await stage.wire.call('Mount', { Name: stage.name('vol'), ID: 'rebalance' })
    if ((await stage.remove('vol')).error === '') return
  }
}
