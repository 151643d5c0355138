import { describe, expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { brief, compile, compilePlaybook, planOf, playbook, scope } from './helpers.ts';

describe('finally', () => {
  const text = playbook(
    '  - id: look\n    uses: test.find\n',
    "timeout: 1h\nfinally:\n  - id: tell\n    when: steps.look.status == 'done' && steps.look.output.count > 0\n    uses: test.noop\n  - id: both\n    steps:\n      - id: last\n        uses: test.noop\n        when: steps.tell.status == 'done' && steps.tell.output.n > 0\n",
  );

  test('is a group of its own beside the steps', () => {
    const plan = planOf(text);
    expect(plan.finally).toMatchObject({
      kind: 'group',
      id: 'finally',
      path: 'finally',
      title: 'Finally',
      parallel: 1,
    });
    expect([...plan.nodes.keys()]).toEqual([
      '',
      'look',
      'finally',
      'finally/tell',
      'finally/both',
      'finally/both/last',
    ]);
    expect(plan.root.steps.map(({ id }) => id)).toEqual(['look']);
    expect(plan.root.timeoutMs).toBe(3_600_000);
    expect(plan.units.get('')?.paths.get('last')).toBe('finally/both/last');
  });

  test('reads the status of any step, and an output under a guard alone', () => {
    expect(planOf(text).nodes.get('look')).toMatchObject({ isOutputRead: true, isOutputNeeded: false });
  });

  test('is absent where nothing is written', () => {
    expect(planOf(playbook('  - id: look\n    uses: test.find\n')).finally).toBeUndefined();
  });
});

describe('undo', () => {
  const act = (more: string): string =>
    playbook(`  - id: act\n    uses: test.ban\n    with: { users: [a] }\n    approval: { none: Test }\n${more}`);

  test('is an action with what it is given, which may read what the step gave', () => {
    const node = planOf(act('    undo: { uses: test.find, with: { limit: "${{ output.banned }}" } }\n')).nodes.get(
      'act',
    );
    if (node?.kind !== 'uses') throw new Error('no action');
    expect(node.undo?.uses).toBe('test.find');
    expect(node.undo?.with.resolve(scope({ output: { banned: 2 } }))).toEqual({ limit: 2 });
    // It is asked for long after the step.
    expect(node.isOutputRead).toBe(true);
  });

  test('makes a step one that may be temporary', () => {
    const node = planOf(act('    undo: { uses: test.noop }\n    temporary: 2h\n')).nodes.get('act');
    expect(node).toMatchObject({ temporaryMs: 7_200_000 });
  });

  test('an action whose changes record an undo may be temporary by itself', () => {
    const result = compilePlaybook({
      text: playbook(
        '  - id: ban\n    uses: clerk.ban-users\n    with: { users: [user_1] }\n    approval: {}\n    temporary: 1h\n',
        'requires: { secrets: [CLERK_SECRET_KEY] }\n',
      ),
      file: 'test.yaml',
      actions: new Map(builtInActions.map((action) => [action.name, action])),
    });
    expect(brief(result)).toEqual([]);
    expect(result.plan?.nodes.get('ban')).toMatchObject({ temporaryMs: 3_600_000 });
  });

  test('an action that needs a secret which is not named is warned of', () => {
    expect(brief(compile(act('    undo: { uses: test.secretive }\n')))).toEqual(['W_PLAYBOOK_SECRET_NOT_NAMED 9:19']);
  });
});

test('limits, concurrency and time limits of groups and of the run are in the plan', () => {
  const plan = planOf(
    playbook(
      '  - id: both\n    timeout: 10m\n    steps:\n      - id: look\n        uses: test.noop\n',
      'limits: { user: 5 }\nconcurrency: one\n',
    ),
  );
  expect(plan).toMatchObject({ limits: { user: 5 }, concurrency: 'one', hasGroupTimeouts: true });
  expect(plan.nodes.get('both')).toMatchObject({ timeoutMs: 600_000 });
});
