// The project's config and whom it names to call.
import type { App } from '../app.ts';
import { loadConfig, type ProjectConfig } from '../project/load-config.ts';
import { brokenBy, type Finding } from './finding.ts';

export interface CheckedProject {
  readonly findings: readonly Finding[];
  /** null: it could not be read. */
  readonly config: ProjectConfig | null;
}

export async function checkProject(app: App, environment: string | undefined): Promise<CheckedProject> {
  const { root } = app.project;
  let config: ProjectConfig;
  try {
    config = await loadConfig(app, environment);
  } catch (error) {
    return { findings: [brokenBy('config', error)], config: null };
  }
  const place: Finding =
    root === null
      ? {
          about: 'config',
          level: 'ok',
          text: 'No project here: built-in playbooks work. runbook init makes one of this folder',
        }
      : {
          about: 'config',
          level: 'ok',
          text: `${app.project.config?.file ?? 'runbook.config.yaml'} is valid${environmentWords(config)}`,
        };
  return { findings: [place, await checkContacts(config)], config };
}

function environmentWords({ environment, isProduction }: ProjectConfig): string {
  if (environment === '') return '';
  return `; environment ${environment}${isProduction ? ', which is production' : ''}`;
}

async function checkContacts(config: ProjectConfig): Promise<Finding> {
  try {
    const contacts = await config.contacts();
    if (contacts === null)
      return { about: 'contacts', level: 'skipped', text: 'No contacts: the config names no file of them' };
    const people = Object.keys(contacts.people).length;
    const levels = contacts.escalation?.length ?? 0;
    const text = `${people} ${people === 1 ? 'person' : 'people'}, ${levels} ${levels === 1 ? 'level' : 'levels'} of escalation`;
    if (levels > 0) return { about: 'contacts', level: 'ok', text };
    return {
      about: 'contacts',
      level: 'warning',
      text: `${text}: nobody is named next when an incident lasts`,
      mend: 'Write `escalation` into the contacts file',
    };
  } catch (error) {
    return brokenBy('contacts', error);
  }
}
