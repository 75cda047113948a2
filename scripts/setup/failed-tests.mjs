// Which tests failed, and how they said so: what a person needs who has only the end of the output.
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { root } from './say.mjs'

const messageLines = 15
/** A step of the stack in the runner or in Node: it says nothing. */
const foreignFrame = /^\s+at .*(?:\/node_modules\/|node:|<anonymous>\)$)/
/** Beyond these, what failed is one cause, or many days' work: their names do. */
const withMessages = 40

/**
 * @typedef {{ file: string, name: string, message: string }} FailedTest
 */

/**
 * Reads the JSON report of vitest: its failed tests, and the files that could not be loaded.
 *
 * @param {string} report its file
 * @returns {FailedTest[]} empty where there is no report
 */
export function failedTestsOf(report) {
  if (!existsSync(report)) return []
  return JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name)
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map(({ fullName, failureMessages }) => ({ file, name: fullName, message: failureMessages.join('\n') }))
    return tests.length === 0 && status === 'failed' ? [{ file, name: '(the file)', message }] : tests
  })
}

/** @param {FailedTest[]} tests @returns {string} a paragraph for each, with the first lines of its message */
export function describeFailures(tests) {
  const shown = tests.slice(0, withMessages).map((test) => `${titleOf(test)}\n${messageOf(test)}`)
  const others = tests.slice(withMessages).map(titleOf)
  return [...shown, ...(others.length > 0 ? [others.join('\n')] : [])].join('\n\n')
}

function titleOf({ file, name }) {
  return `FAILED  ${file}\n        ${name.replace(/\s+/g, ' ')}`
}

function messageOf({ message }) {
  const lines = stripVTControlCharacters(message)
    .trimEnd()
    .split('\n')
    .filter((line) => !foreignFrame.test(line))
  const left = lines.length - messageLines
  const shown = left > 0 ? [...lines.slice(0, messageLines), `(${left} more lines)`] : lines
  return shown.map((line) => `          ${line}`.trimEnd()).join('\n')
}
