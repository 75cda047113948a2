import { PouchError } from '@pouch/errors'

/** The version of Docker's API that Pouch speaks. */
export const apiVersion = '1.43'

/** The oldest version of Docker's API that Pouch answers. */
export const minApiVersion = '1.24'

const prefix = /^\/v([0-9.]+)(?=\/|$|\?)/

/**
 * Compares two versions part by part, as numbers: `1.9` is older than `1.24`, and `1.43` equals `1.43.0`.
 *
 * @returns below zero when `a` is older, above zero when it is newer, 0 when they are equal
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/**
 * Takes the version off a request's path.
 *
 * @param url a path, with or without a query: `/v1.41/info?x=1`
 * @returns the path without its version, and the version when there was one; `/vfoo/x` stays as it is
 */
export function splitVersion(url: string): { readonly version: string | undefined; readonly path: string } {
  const match = prefix.exec(url)
  if (match?.[1] === undefined) return { version: undefined, path: url }
  const path = url.slice(match[0].length)
  return { version: match[1], path: path.startsWith('/') ? path : `/${path}` }
}

/**
 * Refuses a version that a daemon does not speak, with Docker's own words, which its clients know.
 *
 * @throws PouchError `invalid-argument`
 */
export function assertVersion(
  version: string,
  bounds: { readonly min: string; readonly max: string } = ownBounds,
): void {
  // What most clients of a daemon speak is its own.
  if (version === bounds.max) return
  if (compareVersions(version, bounds.min) < 0) {
    throw refused(
      version,
      `client version ${version} is too old. Minimum supported API version is ${bounds.min}, please upgrade your client to a newer version`,
    )
  }
  if (compareVersions(version, bounds.max) > 0) {
    throw refused(version, `client version ${version} is too new. Maximum supported API version is ${bounds.max}`)
  }
}

/**
 * The version that a client uses with a daemon: the older of both.
 *
 * @param offered the daemon's `Api-Version` header; Docker's rule takes 1.24 when it is missing
 * @throws PouchError `unsupported` when the daemon is older than {@link minApiVersion}
 */
export function negotiateVersion(offered: string | undefined): string {
  const theirs = offered !== undefined && /^\d+\.\d+$/.test(offered) ? offered : minApiVersion
  if (compareVersions(theirs, minApiVersion) < 0) {
    throw new PouchError(
      'unsupported',
      `the daemon speaks version ${theirs} of Docker's API and this client needs ${minApiVersion} or newer: update the daemon`,
      { op: 'client.negotiate', subject: theirs },
    )
  }
  return compareVersions(theirs, apiVersion) < 0 ? theirs : apiVersion
}

const ownBounds = Object.freeze({ min: minApiVersion, max: apiVersion })

const partsOf = (version: string): number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0)

function refused(version: string, message: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'api.version', subject: version })
}
