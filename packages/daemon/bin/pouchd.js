#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// V8's nursery grows to three times 16 MB under load and stays there. A small one keeps the daemon 25 MB smaller
// (bench/run-latency.mjs: 97 MB against 124 with 30 containers) and costs nothing that could be measured.
setFlagsFromString('--max-semi-space-size=2')
setFlagsFromString('--semi-space-growth-factor=1')

const { main } = await import('../dist/index.js')
await main(process.argv)
