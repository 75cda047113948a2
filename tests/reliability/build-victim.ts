import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'tsup'
import { repository } from '../running-pouchd.js'
import { VictimProgram } from './victim-program.js'

/** Builds the victim from the sources into one file, so that it starts fast. */
export async function buildVictim(): Promise<VictimProgram> {
  const cache = join(repository, '.cache/tests')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'victim-'))
  // What cannot be built into a file is found where the store has it.
  symlinkSync(join(repository, 'packages/store-sqlite/node_modules'), join(folder, 'node_modules'))
  await build({
    config: false,
    silent: true,
    entry: { victim: join(import.meta.dirname, 'victim.ts') },
    outDir: folder,
    format: 'esm',
    target: 'node20',
    outExtension: () => ({ js: '.mjs' }),
    noExternal: [/^@pouch\//],
    external: ['koffi', '@keyv/sqlite', 'keyv'],
    tsconfig: join(repository, 'tsconfig.json'),
  })
  return new VictimProgram(folder)
}
