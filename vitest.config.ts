import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests run against the sources: each @pouch import is a path, so that nothing has to be built first.
// What needs the built programs (tests/) says so and uses dist by its path.
const root = import.meta.dirname
const alias = [
  { find: /^@pouch\/([a-z-]+)$/, replacement: `${root}/packages/$1/src/index.ts` },
  { find: /^@pouch\/([a-z-]+)\/([a-z-]+)$/, replacement: `${root}/packages/$1/src/$2.ts` },
]

const lanes = readdirSync(`${root}/packages`).map((name) => ({ name, folder: `packages/${name}` }))

export default defineConfig({
  test: {
    projects: [...lanes, { name: 'tests', folder: 'tests' }].map(({ name, folder }) => ({
      resolve: { alias },
      test: {
        name,
        root: `${root}/${folder}`,
        include: ['test/**/*.test.ts', ...(folder === 'tests' ? ['**/*.test.ts'] : [])],
        testTimeout: 30_000,
        hookTimeout: 60_000,
        pool: 'forks',
      },
    })),
  },
})
