import { defineConfig, type Options } from 'tsup'

/** One build for every package: ESM, one set of types, Node 20. `entry` names the doors. */
export const definePackage = (entry: Record<string, string>, more: Options = {}) =>
  defineConfig({
    entry,
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    dts: true,
    clean: true,
    sourcemap: true,
    splitting: true,
    treeshake: true,
    tsconfig: 'tsconfig.build.json',
    ...more,
  })
