export { formatBytes, parseBytes } from './bytes.js'
export { durationInWords, formatDuration, parseDuration } from './duration.js'
