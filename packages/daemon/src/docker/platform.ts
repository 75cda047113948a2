import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import { formatPlatform, parsePlatform } from '@pouch/image-manager'

/**
 * Refuses a create for a platform that the image is not for.
 *
 * @param platform `os[/architecture[/variant]]`
 * @throws PouchError `invalid-argument`, or `not-found` when the image is for another one; in Docker's words
 */
export async function checkPlatform(engine: Engine, reference: string, platform: string | undefined): Promise<void> {
  if (platform === undefined) return
  const wanted = parsePlatform(platform)
  const image = await engine.images.get(reference)
  const isVariant = wanted.variant === undefined || image.variant === undefined || wanted.variant === image.variant
  if (wanted.os === image.os && wanted.architecture === image.architecture && isVariant) return
  throw new PouchError(
    'not-found',
    `image with reference ${reference} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(image)}`,
    { op: 'container.create', subject: reference },
  )
}
