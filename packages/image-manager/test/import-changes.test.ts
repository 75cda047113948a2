import { expect, it } from 'vitest'
import { applyChanges } from '../src/import-changes.js'

it.each([
  [['CMD ["sh","-c","x"]'], { Cmd: ['sh', '-c', 'x'] }],
  [['cmd echo hi'], { Cmd: ['/bin/sh', '-c', 'echo hi'] }],
  [['CMD [sh]'], { Cmd: ['/bin/sh', '-c', '[sh]'] }],
  [['ENTRYPOINT ["/init"]'], { Entrypoint: ['/init'] }],
  [['ENV A=1 B="two words" C=a\\ b', 'ENV A=2'], { Env: ['B=two words', 'C=a b', 'A=2'] }],
  [['ENV NAME some value'], { Env: ['NAME=some value'] }],
  [['LABEL a=b "c d"=e'], { Labels: { a: 'b', 'c d': 'e' } }],
  [['EXPOSE 80 53/udp', 'EXPOSE 8000-8010'], { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000-8010/tcp': {} } }],
  [['VOLUME /data /logs', 'VOLUME ["/more"]'], { Volumes: { '/data': {}, '/logs': {}, '/more': {} } }],
  [['WORKDIR /srv', 'WORKDIR app'], { WorkingDir: '/srv/app' }],
  [['USER nobody:nogroup'], { User: 'nobody:nogroup' }],
  [['STOPSIGNAL SIGUSR1'], { StopSignal: 'SIGUSR1' }],
])('%j', (changes, config) => {
  expect(applyChanges(changes)).toEqual(config)
})

it.each([
  ['RUN x', 'run is not a valid change command'],
  ['constructor x', 'constructor is not a valid change command'],
  ['', ' is not a valid change command'],
  ['CMD', 'CMD requires at least one argument'],
  ['ENV A', 'ENV must have two arguments'],
  ['ENV A=1 B', "can't find = in"],
  ['LABEL a="b', 'matching double-quote'],
  ['EXPOSE 99999', 'invalid containerPort: 99999'],
  ['EXPOSE x/y', 'invalid containerPort: x/y'],
  ['STOPSIGNAL ../x', 'invalid STOPSIGNAL'],
])('refuses %j', (line, message) => {
  expect(() => applyChanges([line])).toThrow(message)
})
