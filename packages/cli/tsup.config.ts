import { definePackage } from '../../tsup.base.js'

// commander is bundled: finding and reading its files would take half of the time of `pouch --help`.
export default definePackage(
  { index: 'src/index.ts' },
  {
    noExternal: ['commander'],
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
  },
)
