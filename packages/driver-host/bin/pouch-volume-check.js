#!/usr/bin/env node
const { runVolumeCheck } = await import('../dist/index.js')
await runVolumeCheck(process.argv)
