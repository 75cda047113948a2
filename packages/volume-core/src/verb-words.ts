/** What an operation does to a volume, for people: `removeSnapshot` is `remove snapshot of`. */
export function verbWords(verb: string): string {
  const words = verb.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words === verb ? verb : `${words} of`
}
