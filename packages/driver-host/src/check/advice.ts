/** What to do about a test of the suite that fails, by the beginning of its title. */
const advices: readonly (readonly [title: string, advice: string])[] = [
  ['creates a volume, and leaves', 'A Create that is repeated keeps the data: Docker repeats it after a time-out.'],
  [
    'removes a volume with its data',
    'Remove deletes the data, and Get then knows the name no more; a second Remove may fail, but changes nothing.',
  ],
  [
    'makes an empty volume of a name',
    'Remove has to delete the data before it answers: a later Create of the name finds an empty volume.',
  ],
  [
    'takes every name',
    'Docker lets any name of [a-zA-Z0-9][a-zA-Z0-9_.-]* through, also long ones; do not shorten them, and refuse what the backend cannot hold.',
  ],
  ['keeps volumes apart', 'Compare names whole, and with their case: no prefixes, no patterns, no case folding.'],
  [
    'works on many volumes at a time',
    'Docker calls for different volumes at the same time: lock by name, and never the whole plugin across a failure.',
  ],
  ['is mounted between', 'Mount makes the volume usable at Mountpoint before it answers, and Unmount undoes it.'],
  ['answers a repeated mount', 'Mount with an ID that has the volume mounted answers the same Mountpoint.'],
  ['lets an unmount be repeated', 'Unmount of what is not mounted changes nothing.'],
  [
    'keeps its data from one mount',
    'Data has to outlive the last Unmount. If this plugin is not meant to keep it, run the check with --volatile.',
  ],
  [
    'mounts for each reference',
    'All IDs of a volume see the same data, and the Unmount of one leaves it to the others.',
  ],
  [
    'finds its volumes again',
    'Data has to outlive the last Unmount. If this plugin is not meant to keep it, run the check with --volatile.',
  ],
  [
    'inventory: finds a volume from',
    'Get and List tell what there is now: from the moment that Create answers until Remove does.',
  ],
  [
    'inventory: has each volume once',
    'List has each volume once, under the Name of its Create, whatever else is alike.',
  ],
  [
    'inventory: tells facts',
    'CreatedAt is RFC 3339 (2024-05-01T10:00:00Z), Mountpoint absolute or empty, Status an object or null.',
  ],
  ['leaves volumes mounted', 'A client that goes away leaves volumes mounted: undo a mount on Unmount alone.'],
]

const general = 'See what a driver promises in docs/write-a-driver.md; the message above says what was seen instead.'

/** @returns words for the author of the plugin */
export function adviceFor(title: string): string {
  return advices.find(([beginning]) => title.startsWith(beginning))?.[1] ?? general
}
