import { accessSync, constants } from 'node:fs'
import { PouchError } from '@pouch/errors'

const tini = '/usr/bin/tini-static'

/** The path of the init program of the host. @throws PouchError `unsupported` naming the package that has it */
export function findInit(): string {
  try {
    accessSync(tini, constants.X_OK)
    return tini
  } catch (cause) {
    throw new PouchError(
      'not-found',
      `an init process was asked for, and '${tini}' is not there: install the package 'tini'`,
      {
        op: 'container.create',
        subject: tini,
        details: { package: 'tini' },
        cause,
      },
    )
  }
}
