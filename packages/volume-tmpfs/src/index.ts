export { type TmpfsOptions, tmpfs } from './tmpfs.js'
