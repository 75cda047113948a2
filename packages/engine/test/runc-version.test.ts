import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runcVersion } from '../src/runc-version.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouch-engine-runc-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function program(script: string): string {
  const path = join(folder, 'runc')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

it.each([
  ["echo 'runc version 1.1.5'; echo 'commit: v1.1.5-0-gf19387a6'; echo 'spec: 1.0.2-dev'", 'v1.1.5-0-gf19387a6'],
  ["echo 'runc version 1.1.5+ds1'; echo 'spec: 1.0.2-dev'", '1.1.5+ds1'],
  ['echo hello', ''],
  ['exit 3', ''],
])('of a runc that does %j is %j', async (script, version) => {
  expect(await runcVersion(program(script))).toBe(version)
})

it('of one that is not there is empty', async () => {
  expect(await runcVersion(join(folder, 'none'))).toBe('')
})
