import { type Command, Option } from 'commander'
import { collect } from '../command-line.js'

type Row = readonly [flags: string, description: string]

const lists: readonly Row[] = [
  ['--add-host <host:ip>', 'add a line to /etc/hosts'],
  ['--annotation <key=value>', 'add an annotation'],
  ['-a, --attach <stream>', 'attach to stdin, stdout or stderr'],
  ['--cap-add <capability>', 'give a Linux capability'],
  ['--cap-drop <capability>', 'take a Linux capability away'],
  ['--device <host[:container[:rwm]]>', 'give a device of the host'],
  ['--dns <address>', 'use a DNS server'],
  ['--dns-option <option>', 'set an option of the DNS resolver'],
  ['--dns-search <domain>', 'search names in a domain'],
  ['-e, --env <name=value>', 'set a variable; a name alone passes on your own'],
  ['--env-file <file>', 'read variables from a file'],
  ['--expose <port>', 'name a port that the container listens on'],
  ['--group-add <group>', 'join another group'],
  ['-l, --label <key=value>', 'set a label'],
  ['--label-file <file>', 'read labels from a file'],
  ['--log-opt <key=value>', 'set an option of the log driver'],
  ['--mount <spec>', 'mount a volume, a directory or a tmpfs: type=volume,source=NAME,target=/path'],
  ['-p, --publish <[ip:]host:container>', 'publish a port'],
  ['--security-opt <option>', 'set a security option'],
  ['--storage-opt <key=value>', 'set a storage option'],
  ['--sysctl <key=value>', 'set a kernel parameter of the container'],
  ['--tmpfs <path[:options]>', 'mount a tmpfs'],
  ['--ulimit <name=soft[:hard]>', 'set a limit of processes'],
  ['-v, --volume <source:target[:mode]>', 'mount a volume, made when it is absent, or a directory of the host'],
  ['--volumes-from <container>', "mount another container's volumes"],
]

const values: readonly Row[] = [
  ['--blkio-weight <number>', 'the share of block I/O, 10 to 1000'],
  ['--cgroup-parent <path>', 'the parent cgroup'],
  ['--cgroupns <mode>', 'the cgroup namespace: host or private'],
  ['--cidfile <file>', "write the container's id to a file"],
  ['--cpu-period <microseconds>', 'the period of the CPU limit'],
  ['--cpu-quota <microseconds>', 'the CPU time in each period'],
  ['-c, --cpu-shares <number>', 'the weight among containers that want the CPU'],
  ['--cpus <number>', 'how many CPUs may be used'],
  ['--cpuset-cpus <list>', 'the CPUs that may be used, like 0-2,4'],
  ['--cpuset-mems <list>', 'the memory nodes that may be used'],
  ['--domainname <name>', 'the domain name'],
  ['--entrypoint <command>', "run this instead of the image's entrypoint"],
  ['-h, --hostname <name>', 'the host name'],
  ['--ipc <mode>', 'the IPC namespace'],
  ['--log-driver <name>', 'how output is logged: json-file or none'],
  ['-m, --memory <size>', 'the most memory that may be used'],
  ['--memory-reservation <size>', 'the memory that is kept free of reclaim'],
  ['--memory-swap <size>', 'memory and swap together; -1 for no limit'],
  ['--memory-swappiness <0-100>', 'how willing the kernel is to swap'],
  ['--name <name>', "the container's name"],
  ['--network <name>', 'the network: none or host'],
  ['--oom-score-adj <number>', 'who the kernel kills first, -1000 to 1000'],
  ['--pid <mode>', 'the PID namespace: host, or its own'],
  ['--pids-limit <number>', 'how many processes there may be; -1 for no limit'],
  ['--platform <os/arch>', 'the platform of the image'],
  ['--pull <when>', 'pull the image: always, missing or never'],
  ['--restart <policy>', 'when to start again by itself'],
  ['--runtime <name>', 'the OCI runtime'],
  ['--shm-size <size>', 'the size of /dev/shm'],
  ['--stop-signal <signal>', 'the signal that stops the container'],
  ['--stop-timeout <seconds>', 'how long a stop waits before it kills'],
  ['-u, --user <user[:group]>', 'run as a user of the image, by name or number'],
  ['--userns <mode>', 'the user namespace'],
  ['--uts <mode>', 'the UTS namespace'],
  ['--volume-driver <name>', 'the driver of volumes that are made'],
  ['-w, --workdir <path>', 'the working directory'],
]

const flags: readonly Row[] = [
  ['--init', 'run a small init process that forwards signals and reaps'],
  ['-i, --interactive', 'keep stdin open'],
  ['--oom-kill-disable', 'never kill for lack of memory'],
  ['--privileged', 'give all capabilities and devices'],
  ['-P, --publish-all', 'publish every exposed port'],
  ['-q, --quiet', 'no progress while the image is pulled'],
  ['--read-only', 'mount the root filesystem read-only'],
  ['--rm', 'remove the container and its nameless volumes when it ends'],
  ['-t, --tty', 'give the process a terminal'],
]

/** Adds the options that `create` and `run` share. */
export function addContainerOptions<T extends Command>(command: T): T {
  for (const [text, description] of lists) command.addOption(new Option(text, description).argParser(collect))
  for (const [text, description] of [...values, ...flags]) command.addOption(new Option(text, description))
  command.addOption(new Option('--net <name>', 'the same as --network').hideHelp())
  return command
}
