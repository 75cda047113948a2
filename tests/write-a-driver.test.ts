import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadDrivers, parseDriverEntries } from '@pouch/driver-loader'
import { createVolumeEngine } from '@pouch/volume-core'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '..')
const page = readFileSync(join(repository, 'docs/write-a-driver.md'), 'utf8')
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const files = new Map(
  blocks.flatMap(({ text }) => {
    const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1]
    return name === undefined ? [] : [[name, text] as const]
  }),
)
const [manifest, config] = blocks.filter(({ language }) => language === 'json').map(({ text }) => text)

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pouch-write-a-driver-'))
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
  await build({
    config: false,
    entry: [...files.keys()].map((name) => join(folder, name)),
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    tsconfig: join(repository, 'packages/volume-core/tsconfig.json'),
    noExternal: [/^@pouch\//],
    outDir: join(folder, 'dist'),
    outExtension: () => ({ js: '.mjs' }),
    removeNodeProtocol: false,
    splitting: false,
    silent: true,
  })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const nodeEnv = () => {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env
  return env
}

describe('the page on writing a driver', () => {
  it('has a driver in 60 lines', () => {
    expect([...files.keys()]).toEqual(['shelf.ts', 'shelf.test.ts', 'app.ts'])
    const lines =
      files
        .get('shelf.ts')
        ?.split('\n')
        .filter((line) => line.trim() !== '') ?? []
    expect(lines.length).toBeLessThanOrEqual(60)
  })

  it('compiles, as strictly as can be', async () => {
    const tsconfig = {
      extends: join(repository, 'tsconfig.paths.json'),
      compilerOptions: { noEmit: true, typeRoots: [join(repository, 'node_modules/@types')] },
      files: [...files.keys()],
    }
    writeFileSync(join(folder, 'package.json'), manifest ?? '')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout?: string }) => {
      expect.fail(error.stdout ?? String(error))
    })
  }, 120_000)

  it('passes its own suite under node --test', async () => {
    const args = ['--test', '--test-reporter=tap', join(folder, 'dist/shelf.test.mjs')]
    const { stdout } = await run(process.execPath, args, { env: nodeEnv() }).catch((error: { stdout: string }) => error)
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(20)
  })

  it('has an app that runs', async () => {
    const share = join(folder, 'share')
    const { stdout } = await run(process.execPath, [join(folder, 'dist/app.mjs'), join(folder, 'app'), share], {
      env: nodeEnv(),
    })
    expect(stdout).toBe(`${share}/notes\n`)
    expect(readFileSync(join(share, 'notes/hello.txt'), 'utf8')).toBe('hello\n')
  })

  it('has a package and a configuration file that pouchd can use', async () => {
    // Not below the temporary directory: anybody can put files there.
    const trusted = mkdtempSync(join(process.geteuid?.() === 0 ? '/var/lib' : homedir(), '.pouch-write-a-driver-'))
    try {
      const { name, exports } = JSON.parse(manifest ?? '') as { name: string; exports: string }
      const directory = join(trusted, 'node_modules', name)
      mkdirSync(join(directory, 'dist'), { recursive: true })
      writeFileSync(join(directory, 'package.json'), manifest ?? '')
      writeFileSync(join(directory, exports), readFileSync(join(folder, 'dist/shelf.mjs')))
      const file = join(trusted, 'pouchd.json')
      const text = (config ?? '').replace('/mnt/share', join(trusted, 'share'))
      writeFileSync(file, text)
      const { drivers } = JSON.parse(text) as { drivers: unknown }
      const home = join(trusted, 'home')
      const loaded = await loadDrivers(parseDriverEntries(drivers, file), { home, reserved: ['local', 'tmpfs'] })
      await using engine = await createVolumeEngine({ home, drivers: loaded, defaultDriver: 'shelf' })
      expect(engine.drivers()).toMatchObject([{ name: 'shelf', state: 'open', facets: ['inventory'] }])
      expect(await engine.volumes.create({ name: 'notes' })).toMatchObject({ mountpoint: join(trusted, 'share/notes') })
    } finally {
      rmSync(trusted, { recursive: true, force: true })
    }
  })
})
