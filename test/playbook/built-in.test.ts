// The playbooks that come with the engine: valid, without a warning, and with every point of the procedure they stand for.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import type { Plan } from '../../engine/playbook/plan.ts';
import { compilePlaybook } from './helpers.ts';

const FOLDER = new URL('../../playbooks/', import.meta.url);
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml') && !file.startsWith('contacts'))
  .map((file) => file.replace('.yaml', ''));
const textOf = (name: string): string => readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8');

function planOf(name: string): Plan {
  const { plan, diagnostics } = compilePlaybook({
    text: textOf(name),
    file: `playbooks/${name}.yaml`,
    actions: new Map(builtInActions.map((one) => [one.name, one])),
    playbooks: {
      names: () => names,
      read: (called) =>
        names.includes(called) ? { text: textOf(called), file: `playbooks/${called}.yaml` } : undefined,
    },
  });
  expect(diagnostics).toEqual([]);
  if (!plan) throw new Error(`${name} does not compile`);
  return plan;
}

/** The action of a step; `manual`, `group` or `call` where it has none. */
function usesOf(plan: Plan, path: string): string {
  const node = plan.nodes.get(path);
  return node === undefined ? 'nothing' : node.kind === 'uses' ? node.uses : node.kind;
}

test.for(names)('%s checks without an error or a warning', (name) => {
  expect(planOf(name).nodes.size).toBeGreaterThan(1);
});

test('breach-response has the eight points of its procedure, by an action with its proof where there is one', () => {
  const plan = planOf('breach-response');
  const procedure = {
    'Identify affected accounts': ['identify', 'confirm'],
    'Revoke all sessions for affected users': ['contain/revoke'],
    'Lock compromised accounts': ['contain/ban', 'contain/watch'],
    'Reset API keys if exposed': ['contain/api_keys', 'reset_keys', 'keys/replace/replace/prove'],
    'Enable additional verification': ['harden/passwords', 'harden/protect', 'verification'],
    'Notify affected users': ['owners', 'notify_users'],
    'Review access logs': ['contain/access_log', 'review_logs'],
    'Document and report': ['document'],
  };
  expect(
    Object.values(procedure)
      .flat()
      .map((path) => `${path}: ${usesOf(plan, path)}`),
  ).toEqual([
    'identify: clerk.find-suspicious-sessions',
    'confirm: manual',
    'contain/revoke: clerk.revoke-sessions',
    'contain/ban: clerk.lockout-users',
    'contain/watch: clerk.count-active-sessions',
    'contain/api_keys: clerk.revoke-api-keys',
    'reset_keys: manual',
    'keys/replace/replace/prove: clerk.check-key',
    'harden/passwords: clerk.compromise-passwords',
    'harden/protect: clerk.protect-instance',
    'verification: manual',
    'owners: clerk.list-users',
    'notify_users: manual',
    'contain/access_log: clerk.export-access-log',
    'review_logs: manual',
    'document: manual',
  ]);
});
