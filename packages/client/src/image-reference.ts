/**
 * Splits a reference into its name and what follows, as the routes take them: `host:5000/a/b:1` → `host:5000/a/b` and `1`;
 * `a@sha256:…` → `a` and `sha256:…`. The daemon checks the parts.
 */
export function splitReference(reference: string): { readonly name: string; readonly tag: string | undefined } {
  const at = reference.indexOf('@')
  if (at >= 0) return { name: withoutTag(reference.slice(0, at)).name, tag: reference.slice(at + 1) }
  return withoutTag(reference)
}

function withoutTag(text: string): { readonly name: string; readonly tag: string | undefined } {
  const colon = text.lastIndexOf(':')
  if (colon < 0 || text.indexOf('/', colon) >= 0) return { name: text, tag: undefined }
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) }
}
