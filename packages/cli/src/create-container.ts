import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ContainerCreateBody } from '@pouch/api'
import { splitReference } from '@pouch/client'
import { hasCode, PouchError } from '@pouch/errors'
import type { ContainerFlags } from './container-flags.js'
import { write } from './io.js'
import { usageError } from './parse/usage-error.js'
import { pullImage } from './pull-image.js'
import type { Session } from './session.js'

/**
 * Makes a container, and pulls its image first when `--pull` says so or it is missing. Warnings and progress go to stderr.
 *
 * @returns its id
 */
export async function createContainer(
  session: Session,
  body: ContainerCreateBody,
  flags: ContainerFlags,
): Promise<string> {
  const policy = flags.pull ?? 'missing'
  if (!['always', 'missing', 'never'].includes(policy))
    throw usageError('--pull', policy, 'it is always, missing or never')
  const claimed = flags.cidfile === undefined ? undefined : await claimFile(resolve(session.io.cwd, flags.cidfile))
  try {
    const id = await createPulling(session, body, flags, policy)
    await claimed?.writeFile(id)
    return id
  } finally {
    await claimed?.close()
  }
}

async function createPulling(
  session: Session,
  body: ContainerCreateBody,
  flags: ContainerFlags,
  policy: string,
): Promise<string> {
  const image = body.Image ?? ''
  if (policy === 'always') await pull(session, image, flags)
  try {
    return await createOnce(session, body, flags)
  } catch (error) {
    const isMissing = policy === 'missing' && hasCode(error, 'not-found') && !(await hasImage(session, image))
    if (!isMissing) throw error
  }
  const { tag, name } = splitReference(image)
  const shown = tag === undefined ? `${name}:latest` : image
  await write(session.io.stderr, `Unable to find image '${shown}' locally\n`)
  await pull(session, image, flags)
  return createOnce(session, body, flags)
}

async function createOnce({ client, io }: Session, body: ContainerCreateBody, flags: ContainerFlags): Promise<string> {
  const { name, platform } = flags
  const options = { ...(name === undefined ? {} : { name }), ...(platform === undefined ? {} : { platform }) }
  const created = await client.containers.create(body, options)
  for (const warning of created.Warnings ?? []) await write(io.stderr, `WARNING: ${warning}\n`)
  return created.Id
}

/** Not-found may also be about a volume driver or a network; only the image can be pulled. */
async function hasImage({ client }: Session, image: string): Promise<boolean> {
  try {
    await client.images.inspect(image)
    return true
  } catch (error) {
    if (hasCode(error, 'not-found')) return false
    throw error
  }
}

function pull(session: Session, image: string, { platform, quiet }: ContainerFlags): Promise<void> {
  const options = { ...(platform === undefined ? {} : { platform }), quiet: quiet === true }
  return pullImage(session, image, session.io.stderr, options)
}

async function claimFile(path: string) {
  try {
    return await open(path, 'wx')
  } catch (error) {
    throw PouchError.from(error, {
      op: 'cli.cidfile',
      subject: path,
      message: `cannot write the container's id to ${path}`,
    })
  }
}
