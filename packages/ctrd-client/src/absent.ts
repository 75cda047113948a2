import { hasCode } from '@pouch/errors'

/** Turns `not-found` of a look-up into undefined. Every other failure stays one. */
export async function undefinedIfAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined
    throw error
  }
}
