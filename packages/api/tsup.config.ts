import { definePackage } from '../../tsup.base.js'

// Of TypeBox only the builders are used, which are a tenth of what importing it loads: 140 ms of a start.
export default definePackage(
  { index: 'src/index.ts', schemas: 'src/schemas.ts' },
  { noExternal: ['@sinclair/typebox'] },
)
