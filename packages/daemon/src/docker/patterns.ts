/**
 * What a `name` filter looks for: each value as an expression that may match anywhere, or as plain text. One that is no
 * expression matches only itself, as with Docker.
 */
export function namePatterns(values: readonly string[] | undefined): readonly (string | RegExp)[] | undefined {
  return values?.flatMap((value) => [value, ...expressionOf(value)])
}

function expressionOf(value: string): readonly RegExp[] {
  try {
    return [new RegExp(value)]
  } catch {
    // Not an expression: compared as text.
    return []
  }
}
