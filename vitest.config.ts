import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests run against the sources: each @pouch import is a path, so that nothing has to be built first.
// What needs the built programs (tests/) says so and uses dist by its path.
const root = import.meta.dirname
const alias = [
  { find: /^@pouch\/([a-z-]+)$/, replacement: `${root}/packages/$1/src/index.ts` },
  { find: /^@pouch\/([a-z-]+)\/([a-z-]+)$/, replacement: `${root}/packages/$1/src/$2.ts` },
]

// The packages' lane leaves out what needs root and a kernel of its own; see scripts/setup/tests.mjs.
const lane = process.env.POUCH_TEST_LANE === 'packages' ? ['**/privileged/**'] : []
// Run by node:test in a VM; see scripts/vm/README.md.
const inVm = ['**/test/vm/**', '**/reliability/vm/**']

const packages = readdirSync(`${root}/packages`).map((name) => ({ name, folder: `packages/${name}` }))
const crossing = [
  { name: 'tests', folder: 'tests', exclude: ['packed/**'] },
  { name: 'packed', folder: 'tests/packed' },
]

export default defineConfig({
  test: {
    projects: [...packages, ...crossing].map(
      ({ name, folder, exclude = [] }: { name: string; folder: string; exclude?: string[] }) => ({
        resolve: { alias },
        test: {
          name,
          root: `${root}/${folder}`,
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', ...inVm, ...lane, ...exclude],
          // For what hangs: how long a test takes on a busy machine says nothing.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          pool: 'forks',
        },
      }),
    ),
  },
})
