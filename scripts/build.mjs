// `npm run build`: every package, in order, from the cache where nothing changed.
import { main } from './setup/say.mjs'
import { build } from './setup/workspace.mjs'

await main(() => build())
