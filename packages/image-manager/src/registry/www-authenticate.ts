/** One way in that a registry offers with a 401. */
export interface AuthChallenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,|$)`)
const scheme = new RegExp(`^[\\s,]*(${token})(?:\\s+|,|$)`)

/** Reads the header `WWW-Authenticate`. What cannot be read ends the list. */
export function parseChallenges(header: string): readonly AuthChallenge[] {
  const challenges: AuthChallenge[] = []
  let rest = header
  for (let found = scheme.exec(rest); found !== null && found[1] !== undefined; found = scheme.exec(rest)) {
    rest = rest.slice(found[0].length)
    const parameters = new Map<string, string>()
    for (let next = parameter.exec(rest); next !== null; next = parameter.exec(rest)) {
      const [whole, name = '', quoted, plain = ''] = next
      parameters.set(name.toLowerCase(), quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1'))
      rest = rest.slice(whole.length)
    }
    challenges.push({ scheme: found[1].toLowerCase(), parameters })
  }
  return challenges
}
