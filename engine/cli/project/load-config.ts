// The project's settings in one environment, ready for a run.
import { resolve } from 'node:path';
import type { Contacts } from '../../project/contacts.ts';
import { type Settings, settingsIn } from '../../project/environment.ts';
import { withOperator } from '../../project/rules.ts';
import type { App } from '../app.ts';
import { readText } from '../read-text.ts';
import { schemaNamed } from '../resources.ts';
import { shownPath } from '../shown-path.ts';

export interface ProjectConfig extends Settings {
  /** What files of secrets are relative to; null outside a project. */
  readonly root: string | null;
  /** The shell's variables, the environment's over them. */
  readonly env: App['env'];
  readonly strictActions: boolean;
  /** Whom to call, read at the first call; null where the config names no file. @throws E_CONTACTS_… */
  contacts(): Promise<Contacts | null>;
}

/**
 * @param environment of `--env`, or of the run that goes on ('' for none); undefined for the config's own choice.
 * @throws E_CONFIG_INVALID, E_ENVIRONMENT_UNKNOWN
 */
export async function loadConfig(app: App, environment?: string): Promise<ProjectConfig> {
  const config = await app.config();
  const settings = settingsIn(config, environment);
  const { root } = app.project;
  let contacts: Promise<Contacts | null> | null = null;
  return {
    ...settings,
    root,
    // Who operates may have to be asked of git: only where it makes a difference.
    rules: settings.rules.protect.operator ? withOperator(settings.rules, app.operator) : settings.rules,
    env: { ...app.env, ...settings.variables },
    strictActions: config.strictActions,
    contacts() {
      contacts ??= loadContacts(app, config.contacts);
      return contacts;
    },
  };
}

/** @param named what the config says: its contacts file. @throws E_CONTACTS_… */
export async function loadContacts(
  { cwd, project }: Pick<App, 'cwd' | 'project'>,
  named: string | undefined,
): Promise<Contacts | null> {
  if (project.root === null || named === undefined) return null;
  const { parseContacts } = await import('../../project/contacts.ts');
  const path = resolve(project.root, named);
  const shown = shownPath(cwd, path);
  const text = readText(path, {
    code: 'E_CONTACTS_NOT_READABLE',
    shown,
    hint: '`contacts` in runbook.config.yaml names this file',
  });
  return parseContacts({ text, file: shown }, schemaNamed('contacts'));
}
