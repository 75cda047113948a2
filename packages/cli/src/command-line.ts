import { Command, type Option } from 'commander'

const falseWords: readonly string[] = ['false', '0', 'f']
const trueWords: readonly string[] = ['true', '1', 't']

/** A commander command with the habits of Docker's CLI: yes-or-no flags may be written `--rm=false`. */
export class CommandLine extends Command {
  override createCommand(name?: string): CommandLine {
    return new CommandLine(name)
  }

  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    return super.parseOptions(this.#takeFlagValues(args))
  }

  /** Takes `--flag=value` of yes-or-no flags out, as far as options go. */
  #takeFlagValues(args: readonly string[]): string[] {
    const kept: string[] = []
    for (let at = 0; at < args.length; at += 1) {
      const arg = args[at] ?? ''
      if (arg === '--' || (!arg.startsWith('-') && this.#stopsAtOperand())) return [...kept, ...args.slice(at)]
      if (this.#takeFlagValue(arg)) continue
      kept.push(arg)
      if (this.#takesNext(arg)) {
        at += 1
        if (at < args.length) kept.push(args[at] ?? '')
      }
    }
    return kept
  }

  #takeFlagValue(arg: string): boolean {
    const match = /^(--?[\w-]+)=(.*)$/.exec(arg)
    const option = match?.[1] === undefined ? undefined : this.#find(match[1])
    const word = match?.[2]?.toLowerCase() ?? ''
    if (option === undefined || !option.isBoolean() || ![...falseWords, ...trueWords].includes(word)) return false
    this.setOptionValueWithSource(option.attributeName(), trueWords.includes(word) !== option.negate, 'cli')
    return true
  }

  /** Whether the next argument is the value of this one: `--name x`, `-n x`, and the last letter of `-itn x`. */
  #takesNext(arg: string): boolean {
    if (!arg.startsWith('-') || arg === '-' || arg.includes('=')) return false
    if (arg.startsWith('--')) return this.#find(arg)?.required === true
    for (const [index, letter] of [...arg.slice(1)].entries()) {
      if (this.#find(`-${letter}`)?.required === true) return index === arg.length - 2
    }
    return false
  }

  #find(flag: string): Option | undefined {
    return this.options.find((option) => option.long === flag || option.short === flag)
  }

  /** Whether what follows the first operand belongs to another program. */
  #stopsAtOperand(): boolean {
    const { _passThroughOptions: passes, commands } = this as unknown as {
      _passThroughOptions?: boolean
      commands: readonly unknown[]
    }
    return passes === true || commands.length > 0
  }
}

/** Collects the values of an option that may be repeated. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value]
}
