export { formatBytes, parseBytes } from './bytes.js'
export { formatDuration, parseDuration } from './duration.js'
