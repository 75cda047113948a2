import { describe, expect, it } from 'vitest'
import { debianFacts, hasDebianProtos, ownFacts, restrict } from '../scripts/wire-facts.mjs'
import facts from './wire-facts.json' with { type: 'json' }

describe('our protos', () => {
  const own = ownFacts()

  it('say on the wire what containerd 1.6 says', () => {
    expect(own).toEqual(facts)
  })

  it('cover the services that the client uses', () => {
    expect(Object.keys(own.services).map((name) => name.split('.').at(-1))).toEqual(
      expect.arrayContaining(['Containers', 'Content', 'Diff', 'Events', 'Images', 'Introspection', 'Leases']),
    )
    expect(own.messages['containerd.services.content.v1.WriteContentRequest']?.data).toBe('6 bytes')
  })

  // Debian's golang-github-containerd-containerd-dev has the original protos; the facts above were taken from them.
  if (hasDebianProtos()) {
    it('are checked against facts that are still those of the installed containerd', () => {
      expect(restrict(debianFacts(), own)).toEqual(facts)
    })
  }
})
