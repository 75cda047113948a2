import type { Command } from 'commander'
import { collect } from '../command-line.js'
import type { Runner } from './runner.js'

/** Adds the commands of images. */
export function addImageCommands(program: Command, runner: Runner): void {
  program
    .command('images')
    .description('list images')
    .argument('[reference]', 'only these: a name, a tag or a pattern')
    .option('-a, --all', 'all of them')
    .option('--digests', 'show digests')
    .option('-f, --filter <key=value>', 'only those with: before, since, dangling, label, reference', collect)
    .option('--format <template>', 'json, table or a template')
    .option('--no-trunc', 'nothing shortened')
    .option('-q, --quiet', 'ids only')
    .action((reference, flags) =>
      runner.run(async (session) => (await import('../commands/images.js')).images(session, reference, flags)),
    )

  program
    .command('pull')
    .description('get an image from a registry')
    .argument('<reference>')
    .option('--platform <os/arch>', 'for another platform')
    .option('-q, --quiet', 'no progress')
    .action((reference, flags) =>
      runner.run(async (session) => (await import('../commands/pull.js')).pull(session, reference, flags)),
    )

  program
    .command('load')
    .description('load images from a tar archive')
    .option('-i, --input <file>', 'read from a file instead of stdin')
    .option('-q, --quiet', 'no progress')
    .action((flags) => runner.run(async (session) => (await import('../commands/load.js')).load(session, flags)))

  program
    .command('import')
    .description("make an image of a root filesystem's tar archive")
    .argument('<file>', 'a file, or - for stdin')
    .argument('[reference]', "the image's name")
    .option('-c, --change <instruction>', 'apply an instruction of a Dockerfile, like CMD ["sh"]', collect)
    .option('-m, --message <text>', 'a comment')
    .option('--platform <os/arch>', 'for another platform')
    .action((file, reference, flags) =>
      runner.run(async (session) =>
        (await import('../commands/import.js')).importImage(session, file, reference, flags),
      ),
    )

  program
    .command('tag')
    .description('give an image another name')
    .argument('<image>')
    .argument('<name>')
    .action((image, name) => runner.run(async ({ client }) => void (await client.images.tag(image, name))))

  program
    .command('rmi')
    .description('remove images')
    .argument('<image...>')
    .option('-f, --force', 'also when it has several names')
    .option('--no-prune', 'keep parents without a name')
    .action((names, flags) =>
      runner.run(async (session) => (await import('../commands/rmi.js')).rmi(session, names, flags)),
    )
}
