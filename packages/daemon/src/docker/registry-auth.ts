import type { AuthConfig } from '@pouch/api'
import { AuthConfigSchema } from '@pouch/api/schemas'
import type { RegistryCredentials } from '@pouch/image-manager'
import { type LaxSchema, readLax } from '../http/lax-json.js'

/**
 * Reads an `X-Registry-Auth` header: JSON in base64, of either alphabet, padded or not. What cannot be read counts as no
 * credentials, as with Docker.
 */
export function readRegistryAuth(header: string | readonly string[] | undefined): RegistryCredentials | undefined {
  if (typeof header !== 'string' || header === '') return undefined
  const config = parse(header)
  if (config === undefined) return undefined
  const [username, password] = config.auth === undefined ? [config.username, config.password] : splitAuth(config.auth)
  if (config.registrytoken) return { registryToken: config.registrytoken }
  if (config.identitytoken) return { identityToken: config.identitytoken }
  return username ? { username, password: password ?? '' } : undefined
}

function parse(header: string): AuthConfig | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    return readLax(AuthConfigSchema as LaxSchema, json) as AuthConfig
  } catch {
    // No credentials: the registry will say so if it wants some.
    return undefined
  }
}

function splitAuth(auth: string): [string, string] {
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
}
