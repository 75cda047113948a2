export { type DriverEntry, parseDriverEntries } from './driver-entry.js'
export { type DriverLoadOptions, loadDrivers } from './load-drivers.js'
