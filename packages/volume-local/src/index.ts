export { type LocalOptions, local } from './local.js'
