// `resume --adopt`: the same run with the playbook as its file is now.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { canonicalJson } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { adoption } from '../../run/adopt.ts';
import { pinnedCalls, pinnedPlaybook } from '../../run/create.ts';
import type { Draft } from '../../run/events.ts';
import type { RunSession } from '../../run/session.ts';
import type { RunState } from '../../run/state.ts';
import { pinTemplates } from '../../run/templates.ts';
import { oneLine } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { findPlaybook, type PlaybookFile, readPlaybook } from '../playbooks/playbook-files.ts';
import { templateFiles } from '../project/template-files.ts';
import { isConfirmed } from './confirm.ts';
import type { Continuation } from './continue-run.ts';
import { requireFree } from './held-by.ts';
import type { OpenedRun } from './open-run.ts';

/**
 * Shows the difference and asks. @returns null where the answer is no.
 * @throws PlaybookInvalid, E_ADOPT_REFUSED with every reason, E_ADOPT_SAME, E_NOT_CONFIRMED, E_RUN_HELD
 */
export async function adoptPlaybook(
  app: App,
  opened: OpenedRun,
  { reason, yes }: { readonly reason: string; readonly yes: boolean },
): Promise<Continuation | null> {
  const { compiler, plan: before, state, created, runId } = opened;
  await requireFree(opened.journal, runId, app.clock.now());
  const file = fileOf(app, opened);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  if (isSame(before, plan))
    throw new RunbookError({
      code: 'E_ADOPT_SAME',
      message: `${file.shown} is what the run ${runId} has already`,
      hint: `runbook resume ${runId} goes on`,
    });
  const { difference } = acceptable(before, plan, state, file.shown);
  const { print, palette } = app.terminal;
  if (!app.isJson) {
    print(palette.bold(`${file.shown}, against what the run ${runId} of ${created.playbook.name} has:`));
    for (const line of difference) print(`  ${oneLine(line)}`);
    if (difference.length === 0) print('  only comments and white space');
  }
  if (!(await isConfirmed(app, { message: 'Go on with the changed playbook?', yes }))) return null;
  const by = app.operator;
  const templates = await pinTemplates(plan, compiler.actions, templateFiles(app));
  const first = (session: RunSession): readonly Draft[] => {
    const { turns, indexes, voided, difference: now } = acceptable(before, plan, session.state, file.shown);
    const data = {
      playbook: pinnedPlaybook(plan),
      ...pinnedCalls(plan),
      ...(templates === undefined ? {} : { templates }),
      turns,
      indexes,
      ...(voided.length === 0 ? {} : { voided }),
      difference: now,
      reason,
      by,
    };
    return [{ type: 'run.adopted', actor: `person:${by}`, data }];
  };
  return { plan, first };
}

function acceptable(before: Plan, plan: Plan, state: RunState, file: string): ReturnType<typeof adoption> {
  const found = adoption(before, plan, state);
  if (found.problems.length === 0) return found;
  throw new RunbookError({
    code: 'E_ADOPT_REFUSED',
    message: `The run cannot go on with ${file}\n${found.problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: 'Steps that have had their turn must keep their id, kind and action. Change the file back there, or resume without --adopt',
  });
}

function isSame(before: Plan, after: Plan): boolean {
  const pinned = (plan: Plan): string =>
    canonicalJson([plan.text, ...[...plan.units.values()].map(({ path, name, text }) => [path, name, text])]);
  return pinned(before) === pinned(after);
}

/** Where it was, seen from here; else the playbook of its name. */
function fileOf(app: App, { created }: OpenedRun): PlaybookFile {
  const { file, name } = created.playbook;
  const isThere = !file.startsWith('built-in/') && existsSync(resolve(app.cwd, file));
  return findPlaybook(app, isThere ? file : name);
}
