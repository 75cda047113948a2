import { describe, expect, it } from 'vitest'
import { humanSize, shorten, shortId } from '../src/format/human.js'
import { formatList, type ListFormat } from '../src/format/list-format.js'
import { formatTable } from '../src/format/table.js'
import { compileTemplate } from '../src/format/template.js'

const container = {
  Id: 'abc',
  Name: '/web',
  State: { Running: true, Pid: 7, ExitCode: 0 },
  Config: { Env: ['A=1', 'B=2'], Labels: { 'com.x': 'y', b: 'c' }, Cmd: null },
  Mounts: [
    { Source: '/a', Destination: '/x', RW: true },
    { Source: '/b', Destination: '/y', RW: false },
  ],
  NetworkSettings: { Networks: { none: { IPAddress: '' } } },
}

describe('templates', () => {
  it.each([
    ['{{.Id}}', 'abc'],
    ['id={{ .State.Pid }}!', 'id=7!'],
    ['{{.State.Running}} {{.Config.Cmd}}', 'true <no value>'],
    ['{{.Config.Env}}', '[A=1 B=2]'],
    ['{{.Config.Labels}}', 'map[b:c com.x:y]'],
    ['{{json .Config.Labels}}', '{"com.x":"y","b":"c"}'],
    ['{{.Config.Env | json}}', '["A=1","B=2"]'],
    ['{{index .Config.Labels "com.x"}} {{index .Config.Env 1}}', 'y B=2'],
    ['{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}', '/a:/x /b:/y '],
    ['{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}},{{end}}', '0=/a,1=/b,'],
    ['{{range $name, $net := .NetworkSettings.Networks}}{{$name}}[{{$net.IPAddress}}]{{end}}', 'none[]'],
    ['{{range .Config.Cmd}}x{{else}}none{{end}}', 'none'],
    ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
    ['{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}', 'none'],
    ['{{if eq .State.ExitCode 1}}a{{else if eq .State.ExitCode 0}}b{{else}}c{{end}}', 'b'],
    ['{{with .State}}{{.Pid}}-{{$.Id}}{{end}}', '7-abc'],
    ['{{join .Config.Env ", "}}', 'A=1, B=2'],
    ['{{upper .Name}} {{lower "ABC"}} {{title "ab cd"}} {{truncate .Id 2}}', '/WEB abc Ab Cd ab'],
    ['{{len .Mounts}} {{len .Config.Labels}}', '2 2'],
    ['{{(index .Mounts 1).Source}} {{len (index .Mounts 0).Source}}', '/b 2'],
    ['{{$e := .Config.Env}}{{index $e 0}}', 'A=1'],
    ['a  {{- .Id -}}  b', 'aabcb'],
    ['{{/* a comment */}}{{println "x"}}', 'x\n'],
    ['{{and .State.Running (gt .State.Pid 5)}} {{or "" "z"}} {{not true}}', 'true z false'],
    ['{{.Id}}\\t{{.Name}}\\n', 'abc\t/web\n'],
    ['{{"}}"}}{{`raw "q"`}}', '}}raw "q"'],
    ['{{split "a,b" "," | json}} {{pad "x" 1 2}}|', '["a","b"]  x  |'],
    ['no action', 'no action'],
  ])('%s', (text, expected) => {
    expect(compileTemplate(text).render(container)).toBe(expected)
  })

  it.each([
    ['{{.Nope}}', "there is no 'Nope' in .; there are Id, Name"],
    ['{{.State.Nope}}', "there is no 'Nope' in .State; there are Running"],
    ['{{.Id.Length}}', 'has no fields'],
    ['{{.Config.Cmd.X}}', 'has no fields'],
    ['{{.__proto__}}', "there is no '__proto__'"],
    ['{{.constructor}}', "there is no 'constructor'"],
    ['{{nope .Id}}', "there is no function 'nope'"],
    ['{{constructor}}', "there is no function 'constructor'"],
    ['{{.Id', 'has no }}'],
    ['{{if .Id}}x', '{{if}} has no {{end}}'],
    ['x{{end}}', 'closes nothing'],
    ['{{}}', 'is empty'],
    ['{{.Id |}}', 'something is missing'],
    ['{{(.Id}}', 'has no )'],
    ['{{.Id)}}', 'closes nothing'],
    ['{{$x}}', 'there is no variable $x'],
    ['{{.Id ~}}', 'cannot be read'],
    ['{{range .Id}}{{end}}', 'needs a list'],
  ])('%s says what is wrong', (text, why) => {
    const render = () => compileTemplate(text).render(container)
    expect(render).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(render).toThrow(why)
  })
})

describe('lists', () => {
  const format: ListFormat = { headings: { Name: 'VOLUME NAME' }, columns: ['Driver', 'Name'], quiet: 'Name' }
  const rows = [
    { Driver: 'local', Name: 'data', Label: (key: unknown) => `v-${String(key)}` },
    { Driver: 'a-driver-of-length', Name: 'é' },
  ]

  it.each([
    [{}, 'DRIVER               VOLUME NAME\nlocal                data\na-driver-of-length   é\n'],
    [{ quiet: true }, 'data\né\n'],
    [{ format: 'json' }, '{"Driver":"local","Name":"data"}\n{"Driver":"a-driver-of-length","Name":"é"}\n'],
    [{ format: '{{.Name}}={{.Driver}}' }, 'data=local\né=a-driver-of-length\n'],
    [
      { format: 'table {{.Name}}\\t{{.Driver}}' },
      'VOLUME NAME   DRIVER\ndata          local\né             a-driver-of-length\n',
    ],
    [{ format: 'table' }, 'DRIVER               VOLUME NAME\nlocal                data\na-driver-of-length   é\n'],
  ])('%j', (options, text) => expect(formatList(rows, format, options)).toBe(text))

  it('methods', () => expect(formatList(rows.slice(0, 1), format, { format: 'table {{.Label "k"}}' })).toBe('k\nv-k\n'))
  it('nothing', () => {
    expect(formatList([], format, {})).toBe('DRIVER    VOLUME NAME\n')
    expect(formatList([], format, { format: 'table {{.Driver}}\\t{{.Name}}' })).toBe('DRIVER    VOLUME NAME\n')
  })
  it('tables', () =>
    expect(
      formatTable([
        ['a', 'b', 'c'],
        ['a long cell', '', 'x'],
      ]),
    ).toBe('a             b         c\na long cell             x\n'))
})

describe('for people', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [4_261_550, '4.26MB'],
    [1_240_000_000, '1.24GB'],
    [123_456_789, '123MB'],
  ])('%i bytes', (bytes, text) => expect(humanSize(bytes)).toBe(text))

  it('shortened', () => {
    expect([shorten('abcdef', 4), shorten('abcd', 4), shortId(`sha256:${'a1'.repeat(32)}`)]).toEqual([
      'abc…',
      'abcd',
      'a1a1a1a1a1a1',
    ])
  })
})
