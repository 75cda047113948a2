import { randomInt } from 'node:crypto'
import { PouchError } from '@pouch/errors'

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/
const maxLength = 200

/**
 * Checks a name; a leading slash is dropped.
 *
 * @throws PouchError `invalid-argument`
 */
export function checkName(name: string): string {
  const bare = name.startsWith('/') ? name.slice(1) : name
  if (pattern.test(bare) && bare.length <= maxLength) return bare
  const why =
    bare.length > maxLength
      ? `: it is longer than ${maxLength} characters`
      : ', only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'
  throw new PouchError('invalid-argument', `Invalid container name (${name.slice(0, maxLength + 1)})${why}`, {
    op: 'container.name',
    subject: bare.slice(0, maxLength + 1),
  })
}

/** A name of the form `adjective_surname`; `attempt` past a few adds a number. */
export function generateName(attempt: number): string {
  const name = `${pick(adjectives)}_${pick(surnames)}`
  return attempt < 6 ? name : `${name}${randomInt(10 ** Math.min(attempt - 5, 6))}`
}

const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? ''

const adjectives = (
  'able airy alert amber ample azure balmy bold brave breezy brisk bright calm candid careful cheerful civil clear clever cosy crisp ' +
  'curious daring deft earnest eager easy even fair fearless fine firm fleet fond frank fresh gentle glad golden graceful grand hardy ' +
  'hearty honest humble ideal jolly keen kind lively loyal lucid lucky mellow merry mild modest neat nimble noble open patient placid ' +
  'polite proud prudent quick quiet rapid ready robust rosy sage serene sharp silent silver sincere smart smooth snug sober solid ' +
  'spry stable steady stout sunny swift tender tidy tranquil true upbeat vivid warm wise witty worthy zesty'
).split(' ')

/** People who computed, measured, sailed or built. */
const surnames = (
  'abel agnesi alhazen amundsen archimedes aryabhata avicenna banneker bartik bell bernoulli bohr boole bose brahe brunel cantor cardano ' +
  'carson cassini cauchy clarke conway copernicus coulomb cray curie dalton darwin davy descartes diophantus dirac driscoll earhart ' +
  'edgerton einstein eratosthenes erdos euclid euler faraday fermat fermi fibonacci fourier franklin fuller galileo galois gauss germain ' +
  'gibbs goedel goodall gutenberg hamilton harrison heron herschel hertz hilbert hipparchus hooke hopper huygens hypatia jacquard jemison ' +
  'johnson joule kepler khayyam kilby kovalevskaya lagrange lamarr laplace lavoisier leavitt leibniz linnaeus lister lovelace maxwell ' +
  'meitner mendel mercator mirzakhani morse nansen napier newton nightingale noether ohm pascal pasteur planck poincare ptolemy ' +
  'ramanujan ride riemann roentgen rubin seki shannon somerville stevin tereshkova tesla thales torricelli turing vaughan volta wallis ' +
  'watt wegener wiles wren wright wu zuse'
).split(' ')
