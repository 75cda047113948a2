export interface WireFacts {
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly enums: Readonly<Record<string, Readonly<Record<string, number | string>>>>
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export function hasDebianProtos(): boolean
export function ownFacts(): WireFacts
export function debianFacts(): WireFacts
export function restrict(facts: WireFacts, names: WireFacts): WireFacts
