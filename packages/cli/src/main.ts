import { CommanderError } from 'commander'
import { CommandLine } from './command-line.js'
import { type Io, processIo } from './io.js'
import { addContainerCommands } from './program/container-commands.js'
import { addImageCommands } from './program/image-commands.js'
import { addRunCommands } from './program/run-commands.js'
import { Runner } from './program/runner.js'
import { addSystemCommands } from './program/system-commands.js'
import { addSystemGroup } from './program/system-group.js'
import { addVolumeCommands } from './program/volume-commands.js'
import { version } from './version.js'

const usageFailed = 125
const brokenPipe = 141

/**
 * Runs one command line.
 *
 * @param argv as `process.argv` has it: the interpreter, the script, and the words
 * @param io what the command reads and writes; the process's own unless given
 * @returns the exit code: 0, the container's own for `run`, `exec`, `start -a` and `attach`, 125 for a wrong flag or a `run` that
 *   the daemon refused, 126 and 127 for a command that cannot run or is not there, 1 for any other failure
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const closed = whenReaderLeaves(io)
  return Promise.race([runProgram(argv, io), closed])
}

async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  const program = new CommandLine('pouch')
  const runner = new Runner(io, () => program.opts())
  build(program, runner, io)
  try {
    await program.parseAsync([...argv])
    return runner.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageFailed
    throw error
  }
}

function build(program: CommandLine, runner: Runner, io: Io): void {
  program
    .description('containers and volumes')
    .version(version, '-v, --version', 'print the version of this program')
    .helpOption('--help', 'show this')
    .option('-H, --host <address>', 'the daemon, like unix:///var/run/pouchd.sock; POUCH_HOST unless given')
    .option('--tls', 'use TLS')
    .option('--tlscacert <file>', "who signed the daemon's certificate")
    .option('--tlscert <file>', 'the certificate of this client')
    .option('--tlskey <file>', "the certificate's key")
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, show) => show(text.replace(/^error: /, 'pouch: ')),
    })
    .exitOverride()
  addRunCommands(program, runner)
  addContainerCommands(program, runner)
  addImageCommands(program, runner)
  addVolumeCommands(program, runner)
  addSystemCommands(program, runner)
  addSystemGroup(program, runner)
}

/** Someone who stops reading (`pouch logs | head`) ends the program without a word. */
function whenReaderLeaves(io: Io): Promise<number> {
  return new Promise((resolve, reject) => {
    for (const stream of [io.stdout, io.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EPIPE' ? resolve(brokenPipe) : reject(error),
      )
    }
  })
}
