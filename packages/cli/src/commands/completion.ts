import { type Io, write } from '../io.js'
import { usageError } from '../parse/usage-error.js'

const bash = `# bash completion of pouch: source <(pouch completion bash)
_pouch() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    [ -n "$word" ] && COMPREPLY+=("$word")
  done < <(pouch __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case "\${COMPREPLY[0]-}" in *=) compopt -o nospace ;; esac
}
complete -o default -F _pouch pouch
`

/** `pouch completion`: prints the script of a shell. */
export async function completion(io: Io, shell: string): Promise<undefined> {
  if (shell !== 'bash') throw usageError('shell', shell, 'only bash is known')
  await write(io.stdout, bash)
}
