import { type Io, write } from '../io.js'
import { usageError } from '../parse/usage-error.js'

const bash = `# bash completion of pouch: source <(pouch completion bash)
_pouch() {
  local i word last rest prefix= breaks=\${COMP_WORDBREAKS//[^=:@]/}
  local -a words=()
  # Words that bash divides at these signs are put together again where the line has no space between them.
  rest=\${COMP_LINE#"\${COMP_WORDS[0]}"}
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    last=$((\${#words[@]} - 1))
    case "$rest" in
      [[:space:]]*) words+=("$word") ;;
      *) words[last < 0 ? 0 : last]+=$word ;;
    esac
    rest=\${rest#"\${rest%%[![:space:]]*}"}
    rest=\${rest#"$word"}
  done
  # What stands before the last of the signs stays as it is; bash replaces what comes behind.
  word=\${words[\${#words[@]} - 1]}
  [ -n "$breaks" ] && prefix=\${word%"\${word##*["$breaks"]}"}
  COMPREPLY=()
  while IFS= read -r word; do
    [ -n "$word" ] && COMPREPLY+=("\${word#"$prefix"}")
  done < <(pouch __complete -- "\${words[@]}" 2>/dev/null)
  case "\${COMPREPLY[0]-}" in *=) compopt -o nospace ;; esac
}
complete -o default -F _pouch pouch
`

/** `pouch completion`: prints the script of a shell. */
export async function completion(io: Io, shell: string): Promise<undefined> {
  if (shell !== 'bash') throw usageError('shell', shell, 'only bash is known')
  await write(io.stdout, bash)
}
