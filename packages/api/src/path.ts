import { PouchError } from '@pouch/errors'

/**
 * Fills the parameters of a path, each encoded, so that no value can become another route: `/volumes/{name}` with
 * `a/../b` is `/volumes/a%2F..%2Fb`. Images keep their slashes, as Docker's own clients send them.
 *
 * @param template a path with `{name}` parameters
 * @param parameters a value for each of them
 * @throws PouchError `invalid-argument` on an empty value or one that a path cannot hold
 */
export function buildPath(template: string, parameters: Readonly<Record<string, string>> = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeSegment(parameters[name] ?? '', name, template))
}

function encodeSegment(value: string, name: string, template: string): string {
  if (value === '' || value === '.' || value === '..' || value.includes('\0')) {
    throw new PouchError('invalid-argument', `'${value.replaceAll('\0', '\\0')}' is not a valid ${name}`, {
      op: 'api.path',
      subject: value,
      details: { template, parameter: name },
    })
  }
  const encoded = encodeURIComponent(Buffer.from(value).toString()).replaceAll('%3A', ':').replaceAll('%40', '@')
  return template.startsWith('/images/') && !value.split('/').some(isDots) ? encoded.replaceAll('%2F', '/') : encoded
}

const isDots = (segment: string): boolean => segment === '' || segment === '.' || segment === '..'
