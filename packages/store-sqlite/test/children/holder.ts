// Opens the store that it is given and holds it until it is killed.
import { sqliteStore } from '../../src/index.js'

await sqliteStore({ path: process.argv[2] ?? '' })
process.send?.('open')
setInterval(() => {}, 60_000)
