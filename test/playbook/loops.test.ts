import { describe, expect, test } from 'vitest';
import type { Json } from '../../engine/json.ts';
import type { PlanNode } from '../../engine/playbook/plan.ts';
import { brief, compile, planOf, playbook, scope } from './helpers.ts';

const LOOK = '  - id: look\n    uses: test.find\n';
const EACH = `${LOOK}  - id: each
    title: Each session
    when: run.isDrill
    forEach: steps.look.output.sessions
    as: session
    concurrency: 3
    onFailure: continue
    timeout: 5m
    steps:
      - id: one
        uses: test.find
        with: { users: ["\${{ session.id }}", "\${{ item.id }}"] }
      - id: two
        uses: test.find
        when: session.age > 3
        with: { limit: "\${{ steps.one.output.count }}" }
`;

function nodeOf(text: string, path: string): PlanNode {
  const node = planOf(text).nodes.get(path);
  if (node === undefined) throw new Error(`no node at ${path}`);
  return node;
}

describe('a step with forEach', () => {
  test('is a loop around the step as written, which stands at [] and has all but the when', () => {
    const plan = planOf(playbook(EACH));
    expect([...plan.nodes.keys()]).toEqual(['', 'look', 'each', 'each[]', 'each[]/one', 'each[]/two']);
    const loop = plan.nodes.get('each');
    expect(loop).toMatchObject({ kind: 'loop', id: 'each', index: 1, as: 'session', concurrency: 3, unit: '' });
    expect(loop?.when?.source).toBe('run.isDrill');
    const body = plan.nodes.get('each[]');
    expect(body).toMatchObject({ kind: 'group', id: 'each', index: 0, timeoutMs: 300_000, onFailure: 'continue' });
    expect(body?.when).toBeUndefined();
    expect(plan.units.get('')?.paths.get('two')).toBe('each[]/two');
  });

  test('is done one after the other, and calls its entry item, where nothing else is said', () => {
    const node = nodeOf(
      playbook(`${LOOK}  - id: each\n    forEach: steps.look.output.users\n    uses: test.noop\n`),
      'each',
    );
    expect(node).toMatchObject({ as: 'item', concurrency: 1 });
  });

  test('gives its entry under item and under the name of as', () => {
    const one = nodeOf(playbook(EACH), 'each[]/one');
    if (one.kind !== 'uses') throw new Error('no action');
    const entry = { id: 'sess_1', age: 4 };
    expect(one.with.resolve(scope({ locals: { item: entry, session: entry } }))).toEqual({
      users: ['sess_1', 'sess_1'],
    });
  });

  test('gives a list of item, status and output; a group gives what its own steps gave, by id', () => {
    const { output } = nodeOf(playbook(EACH), 'each');
    expect(output).toMatchObject({
      type: 'array',
      items: {
        required: ['item', 'status'],
        properties: {
          item: { properties: { age: { type: 'integer' } } },
          status: { enum: ['done', 'skipped', 'failed'] },
          output: { required: [], properties: { one: { type: 'object' }, two: { type: 'object' } } },
        },
      },
    });
    const read = `  - id: later
    when: steps.each.status == 'done'
    manual: "\${{ string(steps.each.output.filter(e, has(e.output) && has(e.output.two) && e.output.two.count > 1).map(e, e.item.age).size()) }}"
`;
    expect(brief(compile(playbook(EACH + read)))).toEqual([]);
  });

  test('keeps the outputs of its instances only where somebody reads the list', () => {
    const isRead = (text: string): boolean[] =>
      ['each', 'each[]/one', 'each[]/two'].map((path) => nodeOf(playbook(text), path).isOutputRead);
    expect(isRead(EACH)).toEqual([false, true, false]);
    const read = `  - id: later\n    uses: test.noop\n    when: steps.each.status == 'done' && steps.each.output.size() > 0\n`;
    expect(isRead(EACH + read)).toEqual([true, true, true]);
  });

  test('has an output whatever became of its instances, so onFailure: continue asks for no guard', () => {
    const steps = `${LOOK}  - id: each\n    forEach: steps.look.output.users\n    onFailure: continue\n    uses: test.noop\n  - id: later\n    manual: "\${{ string(steps.each.output.size()) }}"\n`;
    expect(brief(compile(playbook(steps)))).toEqual([]);
    expect(nodeOf(playbook(steps), 'each').isOutputNeeded).toBe(true);
    expect(nodeOf(playbook(steps), 'each[]').isOutputNeeded).toBe(false);
  });

  test('takes its list under the guard of its own when', () => {
    const maybe = '  - id: find\n    uses: test.find\n    when: run.isDrill\n';
    const each =
      "  - id: each\n    when: steps.find.status == 'done'\n    forEach: steps.find.output.users\n    uses: test.noop\n";
    expect(brief(compile(playbook(maybe + each)))).toEqual([]);
    expect(nodeOf(playbook(maybe + each), 'find').isOutputNeeded).toBe(false);
  });

  test('may stand in another, whose entry it reads by name', () => {
    const steps = `${LOOK}  - id: outer
    forEach: steps.look.output.sessions
    as: session
    steps:
      - id: inner
        forEach: steps.look.output.users
        as: user
        uses: test.find
        with: { users: ["\${{ item }}", "\${{ user }}", "\${{ session.id }}"] }
`;
    const node = nodeOf(playbook(steps), 'outer[]/inner[]');
    if (node.kind !== 'uses') throw new Error('no action');
    const locals = { item: 'u', user: 'u', session: { id: 's', age: 1 } };
    expect(node.with.resolve(scope({ locals }))).toEqual({ users: ['u', 'u', 's'] });
  });

  test('evaluates its list to a list, or fails where a dyn value is none', () => {
    const node = nodeOf(
      playbook(`${LOOK}  - id: each\n    forEach: steps.look.output.extra\n    uses: test.noop\n`),
      'each',
    );
    if (node.kind !== 'loop') throw new Error('no loop');
    const given = (extra: Json) =>
      node.list.evaluate(scope({ steps: { look: { status: 'done', output: { extra } } } }));
    expect(given(['a', { b: 1 }])).toEqual(['a', { b: 1 }]);
    expect(() => given('text')).toThrow(/needs a list/);
  });
});

test('5,000 loops, each over what the one before gave, compile: what is known of an entry does not grow without end', () => {
  const step = (i: number): string =>
    `  - id: s${i}\n    forEach: ${i === 0 ? '"[1]"' : `steps.s${i - 1}.output`}\n    uses: test.noop\n`;
  const text = playbook(Array.from({ length: 5_000 }, (_, i) => step(i)).join(''));
  const { plan, diagnostics } = compile(text, 'test.yaml', 4 * 1024 * 1024);
  expect(diagnostics).toEqual([]);
  expect(plan?.nodes.size).toBe(10_001);
});
