import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { templateText, writeNewFile } from '../project/new-files.ts';
import { SCHEMA_FOLDER, writeSchemaCopies } from '../project/schema-copies.ts';
import { packageVersion } from '../resources.ts';

/** As they lie under templates/init, and as they will in the project. */
const FILES = ['runbook.config.yaml', 'contacts.yaml', 'playbooks/example.yaml', 'actions/example/disk-space.ts'];
const IGNORED = '.runbook/';

/**
 * Makes the folder a project: config, contacts, a playbook that runs, an action of one's own. Overwrites nothing but its own
 * copies of the schemas.
 */
export async function init(app: App, _options: CommonOptions): Promise<number> {
  const files = FILES.map((file) => ({ file, isNew: writeNewFile(join(app.cwd, file), templateText(`init/${file}`)) }));
  const ignore = {
    file: '.gitignore',
    isNew: writeNewFile(join(app.cwd, '.gitignore'), `${IGNORED}\nnode_modules/\n`),
  };
  const all = [...files, ignore];
  writeSchemaCopies(app.cwd);
  if (app.isJson) {
    app.terminal.print(
      JSON.stringify({ written: all.filter(({ isNew }) => isNew).map(({ file }) => file), kept: keptOf(all) }),
    );
    return EXIT.done;
  }
  for (const { file, isNew } of all) app.terminal.print(`${isNew ? 'wrote' : 'kept '}  ${file}`);
  app.terminal.print(`wrote  ${SCHEMA_FOLDER}, by which an editor completes and checks these files`);
  for (const line of nextLines(app.cwd)) app.terminal.print(line);
  return EXIT.done;
}

function keptOf(all: readonly { readonly file: string; readonly isNew: boolean }[]): readonly string[] {
  return all.filter(({ isNew }) => !isNew).map(({ file }) => file);
}

function nextLines(cwd: string): readonly string[] {
  const isIgnored = readFileSync(join(cwd, '.gitignore'), 'utf8')
    .split(/\r?\n/)
    .some((line) => /^\/?\.runbook\/?$/.test(line.trim()));
  const isInstalled = existsSync(join(cwd, 'node_modules', 'runbook'));
  return [
    '',
    'Next:',
    '  1. runbook run example             runs the example; it changes nothing',
    '  2. contacts.yaml                   put the people in whom an incident needs',
    '  3. runbook new playbook NAME       writes your first playbook; runbook validate checks it',
    '  4. runbook new action FAMILY.VERB  writes an action of your own; runbook actions lists them',
    '  5. runbook drill breach-response   rehearses an incident against an emulated Clerk',
    ...(isIgnored ? [] : ['', `Add ${IGNORED} to .gitignore: runs hold what people and systems said.`]),
    ...(isInstalled
      ? []
      : [
          '',
          'For an editor to check actions too, install the file that npm pack made of this package:',
          `  npm install --save-dev PATH/runbook-${packageVersion()}.tgz`,
        ]),
  ];
}
