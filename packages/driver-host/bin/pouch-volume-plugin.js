#!/usr/bin/env node
const { runVolumePlugin } = await import('../dist/index.js')
await runVolumePlugin(process.argv)
