// Which drills there are: scenarios in `drills` of the project's playbook folders, then the built-in ones.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadScenario } from '../../drill/scenario.ts';
import { RunbookError } from '../../errors.ts';
import { listed, nearest } from '../../playbook/suggest.ts';
import type { App } from '../app.ts';
import { packageRoot } from '../resources.ts';

/** @throws E_SCENARIO_NOT_FOUND, E_USAGE where more than one fits. */
export function findScenario(
  app: App,
  given: { readonly scenario?: string | undefined; readonly playbook?: string | undefined },
): string {
  if (given.scenario !== undefined && /[/\\]|\.ya?ml$/.test(given.scenario)) return resolve(app.cwd, given.scenario);
  const known = scenarios(app);
  const wanted = given.scenario ?? given.playbook;
  const named = wanted === undefined ? undefined : known.get(wanted);
  if (named !== undefined) return named;
  const fitting =
    given.scenario === undefined
      ? [...known].filter(([, file]) => given.playbook === undefined || loadScenario(file).playbook === given.playbook)
      : [];
  const [only] = fitting;
  if (only && fitting.length === 1) return only[1];
  const names = (fitting.length > 1 ? fitting.map(([name]) => name) : [...known.keys()]).sort();
  if (fitting.length > 1) {
    throw new RunbookError({
      code: 'E_USAGE',
      message: 'Which drill?',
      hint: `runbook drill --scenario with one of ${listed(names)}`,
    });
  }
  const near = wanted === undefined ? undefined : nearest(wanted, names);
  throw new RunbookError({
    code: 'E_SCENARIO_NOT_FOUND',
    message: `There is no drill ${wanted ?? ''}`.trimEnd(),
    hint: near === undefined ? `There are ${listed(names)}` : `Did you mean ${near}?`,
  });
}

/** Files by name, the project's first. */
export function scenarios(app: App): Map<string, string> {
  const found = new Map<string, string>();
  for (const playbooks of [...app.project.playbookFolders, join(packageRoot(), 'playbooks')]) {
    const folder = join(playbooks, 'drills');
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))) {
      const name = basename(file).replace(/\.ya?ml$/, '');
      if (!found.has(name)) found.set(name, join(folder, file));
    }
  }
  return found;
}
