// Writes test/wire-facts.json from Debian's protos, for the names that ours use. Run it after adding to proto/.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianFacts, hasDebianProtos, ownFacts, restrict } from './wire-facts.mjs'

if (!hasDebianProtos()) throw new Error('install golang-github-containerd-containerd-dev first')
const facts = restrict(debianFacts(), ownFacts())
writeFileSync(join(import.meta.dirname, '..', 'test', 'wire-facts.json'), `${JSON.stringify(facts, null, 2)}\n`)
