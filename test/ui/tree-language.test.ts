import { describe, expect, it } from 'vitest';
import type { Plan } from '../../engine/playbook/plan.ts';
import type { Draft } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';
import { createLiveFacts, type LiveFacts, noteFact } from '../../engine/ui/live-facts.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { textWidth } from '../../engine/ui/text.ts';
import { type Frame, treeLines } from '../../engine/ui/tree.ts';
import { treeRows } from '../../engine/ui/tree-rows.ts';
import {
  call,
  created,
  done,
  doubted,
  failed,
  group,
  intended,
  journalOf,
  loop,
  looped,
  manual,
  opened,
  planOf,
  settled,
  stateOf,
  uses,
} from './events.ts';

const frame = (more: Partial<Frame> = {}): Frame => ({
  runId: 'k3j',
  columns: 90,
  rows: 24,
  palette: createPalette(false),
  now: Date.UTC(2026, 4, 12, 3, 10),
  tick: 0,
  isHeld: true,
  ...more,
});
const begin = [created(), opened('', 'group', 'Breach')];
/** The lines of the tree alone, without the times that pass. */
const linesOf = (plan: Plan, drafts: readonly Draft[], more: Partial<Frame> = {}): string[] =>
  treeLines(plan, stateOf([...begin, ...drafts]), frame(more))
    .slice(1)
    .map((line) =>
      line.replace(/ {2}\d+ (s|min \d\d s|h \d\d min)$/, '').replace(/ · \d+ (s|min \d\d s|h \d\d min)$/, ''),
    );

const ban = (path: string, index = 0) => uses(path, 'Ban', index);
const each = planOf([loop('each', 'Each user', 0, ban('each[]'))]);

describe('a loop in the tree', () => {
  it('tells how far it is, unfolds those under way, and counts the rest', () => {
    const drafts = [
      ...looped('each', 'Each user', { count: 10_000, done: 40 }),
      opened('each[40]', 'uses', 'Ban (user_40)', 40),
    ];
    const lines = linesOf(each, drafts, { rows: 12 });
    expect(lines[0]).toBe('⠋ Each user  40 of 10000');
    expect(lines).toContain('  ⠋ Ban (user_40)');
    expect(lines.at(-1)).toBe('  ⋮ 9959 more items');
    expect(lines.length).toBeLessThan(12);
  });

  it('shows a group instance with what is under way inside it', () => {
    const plan = planOf([
      loop('each', 'Each', 0, group('each[]', 'Contain', 0, [ban('each[]/ban'), manual('each[]/look', 'Look', 1)])),
    ]);
    expect(
      linesOf(plan, [
        opened('each', 'loop', 'Each', 0, { count: 2 }),
        opened('each[0]', 'group', 'Contain (a)'),
        opened('each[0]/ban', 'uses', 'Ban'),
        done('each[0]/ban'),
        opened('each[0]/look', 'manual', 'Look', 1),
      ]).slice(0, 5),
    ).toEqual([
      '⠋ Each  0 of 2',
      '  ⠋ Contain (a)',
      '    ✔ Ban  1.2 s',
      '    ◆ Look  waits for a person',
      '  ⋮ 1 more item',
    ]);
  });

  it('is one line when it has ended, and not well where an instance failed', () => {
    const good = looped('each', 'Each user', { count: 3, done: 3 });
    expect(linesOf(each, [...good, done('each')])[0]).toBe('✔ Each user  3 done · 1.2 s');
    const bad = [...looped('each', 'Each user', { count: 3, done: 2 }), opened('each[2]', 'uses', 'Ban', 2)];
    expect(linesOf(each, [...bad, failed('each[2]', 'no', 'continue'), done('each')])[0]).toBe(
      '! Each user  2 done, 1 failed · 1.2 s',
    );
    expect(linesOf(each, [opened('each', 'loop', 'Each user', 0, { count: 0 }), done('each')])[0]).toBe(
      '✔ Each user  no items · 1.2 s',
    );
  });

  it('keeps one that is stuck in sight while thousands after it have ended', () => {
    const stuck = [
      opened('each', 'loop', 'Each user', 0, { count: 10_000 }),
      opened('each[0]', 'uses', 'Ban (user_0)'),
      ...Array.from({ length: 5000 }, (_, at) => [
        opened(`each[${at + 1}]`, 'uses', 'Ban', at + 1),
        done(`each[${at + 1}]`),
      ]).flat(),
    ];
    const lines = linesOf(each, stuck, { rows: 14 });
    expect(lines).toContain('  ⠋ Ban (user_0)');
    expect(lines.length).toBeLessThan(14);
    const rows = treeRows(each, stateOf([...begin, ...stuck]), { now: 0, window: 24 });
    expect(rows.length).toBeLessThan(60);
    expect(rows.map((row) => row.title)).toContain('4976 other items');
  });

  it('shows one that needs a decision even where more are under way than fit', () => {
    const many = [
      opened('each', 'loop', 'Each user', 0, { count: 500 }),
      ...Array.from({ length: 500 }, (_, at) => opened(`each[${at}]`, 'uses', `Ban ${at}`, at)),
      failed('each[250]', 'no such user'),
    ];
    const rows = treeRows(each, stateOf([...begin, ...many]), { now: 0, window: 10 });
    expect(rows.length).toBeLessThan(40);
    expect(rows).toContainEqual({ level: 1, state: 'failed', title: 'Ban 250', detail: 'no such user' });
  });
});

/** A state whose steps count how often they are looked up. */
function watched(state: RunState): { state: RunState; reads: () => number } {
  let reads = 0;
  const steps = new Map(state.steps);
  const get = steps.get.bind(steps);
  steps.get = (path) => {
    reads += 1;
    return get(path);
  };
  const changes = new Map(state.changes);
  const iterate = changes[Symbol.iterator].bind(changes);
  changes[Symbol.iterator] = () => {
    reads += changes.size;
    return iterate();
  };
  return { state: { ...state, steps, changes }, reads: () => reads };
}

describe('a redraw', () => {
  const withFacts = (drafts: readonly Draft[]): { facts: LiveFacts; state: RunState; add: (more: Draft[]) => void } => {
    const facts = createLiveFacts();
    const state = initialState();
    let all = [...drafts];
    const add = (more: readonly Draft[], from = all.length): void => {
      all = [...all, ...more];
      for (const event of journalOf(all).slice(from)) {
        evolve(state, event);
        noteFact(facts, event);
      }
    };
    add([], 0);
    return { facts, state, add };
  };

  it('costs the window, not the loop', () => {
    const { facts, state } = withFacts([...begin, ...looped('each', 'Each user', { count: 10_000, done: 9000 })]);
    const options = { now: 0, window: 24, facts };
    treeRows(each, state, options);
    const { state: again, reads } = watched(state);
    treeRows(each, again, options);
    expect(reads()).toBeLessThan(200);
  });

  it('does not go through the ledgers of what has ended again', () => {
    const plan = planOf([loop('each', 'Each user', 0, ban('each[]')), uses('last', 'Last', 1)]);
    const { facts, state } = withFacts([
      ...begin,
      ...looped('each', 'Each user', { count: 500, done: 500 }),
      ...Array.from({ length: 500 }, (_, at) => settled(`each[${at}]`, [{ id: `u${at}`, outcome: 'done' }])),
      done('each'),
      opened('last', 'uses', 'Last', 1),
    ]);
    const options = { now: 0, window: 24, facts };
    expect(treeRows(plan, state, options)[0]?.detail).toBe('500 done · ban user: 500 done · 1.2 s');
    const { state: again, reads } = watched(state);
    expect(treeRows(plan, again, options)[0]?.detail).toBe('500 done · ban user: 500 done · 1.2 s');
    expect(reads()).toBeLessThan(100);
  });

  it('counts what came since the last one, and forgets nothing that changed', () => {
    const { facts, state, add } = withFacts([...begin, ...looped('each', 'Each user', { count: 6, done: 2 })]);
    const detail = (): string | undefined => treeRows(each, state, { now: 0, window: 24, facts })[0]?.detail;
    expect(detail()).toMatch(/^2 of 6 · /);
    add([opened('each[2]', 'uses', 'Ban', 2), failed('each[2]', 'no', 'continue')]);
    expect(detail()).toMatch(/^3 of 6, 1 failed · /);
    add([opened('each[3]', 'uses', 'Ban', 3), failed('each[3]', 'no', 'pause')]);
    expect(detail()).toMatch(/^3 of 6, 1 failed · /);
    const skip: Draft = {
      type: 'step.skipped',
      actor: 'person:ana',
      step: 'each[3]',
      data: { reason: { kind: 'person', text: 'ana: gone' } },
    };
    add([skip]);
    expect(detail()).toMatch(/^4 of 6, 1 failed, 1 skipped · /);
  });
});

describe('a called playbook in the tree', () => {
  const last = group('restart/finally', 'Finally', 0, [uses('restart/finally/note', 'Note', 0)]);
  const plan = planOf([
    call('restart', 'Restart the shop', 0, { steps: [ban('restart/ban')], finally: last }),
    uses('end', 'End', 1),
  ]);
  const inside = [
    opened('restart', 'call', 'Restart the shop', 0, { hasFinally: true }),
    opened('restart/ban', 'uses', 'Ban'),
  ];

  it('is unfolded like a group', () => {
    expect(linesOf(plan, inside)).toEqual(['⠋ Restart the shop', '  ⠋ Ban', '· End']);
  });

  it('stays unfolded while its finally runs', () => {
    expect(
      linesOf(plan, [
        ...inside,
        done('restart/ban'),
        done('restart'),
        opened('restart/finally', 'group', 'Finally'),
        opened('restart/finally/note', 'uses', 'Note'),
      ]),
    ).toEqual(['⠋ Restart the shop', '  ✔ Ban  1.2 s', '  ⠋ Finally', '    ⠋ Note', '· End']);
  });
});

describe('the finally of a playbook', () => {
  const plan = planOf([ban('ban')], group('finally', 'Finally', 0, [uses('finally/note', 'Note', 0)]));

  it('stands after the body as soon as it starts, and not before', () => {
    const body = [opened('ban', 'uses', 'Ban'), done('ban')];
    expect(linesOf(plan, body)).toEqual(['✔ Ban  1.2 s']);
    expect(
      linesOf(plan, [...body, done(''), opened('finally', 'group', 'Finally'), opened('finally/note', 'uses', 'Note')]),
    ).toEqual(['✔ Ban  1.2 s', '⠋ Finally', '  ⠋ Note']);
  });
});

describe('what a person must do, in the tree', () => {
  const plan = planOf([ban('ban')]);

  it('is to give an output that a later step reads', () => {
    const lines = linesOf(plan, [
      opened('ban', 'uses', 'Ban'),
      { type: 'step.done', actor: 'person:ana', step: 'ban', data: { durationMs: 0, by: 'ana', needsOutput: true } },
    ]);
    expect(lines[0]).toBe('◆ Ban  waits for its output');
    expect(lines.slice(-2)).toEqual(['  runbook done k3j ban --output JSON', '  runbook done k3j ban --output @FILE']);
  });

  it('is to say what became of changes in doubt', () => {
    const lines = linesOf(plan, [
      opened('ban', 'uses', 'Ban'),
      intended('ban', ['a', 'b']),
      settled('ban', [{ id: 'a', outcome: 'unknown', error: 'socket hang up' }]),
      doubted('ban', ['a', 'b']),
    ]);
    expect(lines[0]).toBe('◆ Ban  in doubt: ban user a, b');
    expect(lines).toContain('  - ban user a, b');
    expect(lines.slice(-3)).toEqual([
      '  runbook settle k3j ban done --reason WHY',
      '  runbook settle k3j ban repeat --reason WHY',
      '  runbook settle k3j ban skip --reason WHY',
    ]);
  });

  it('is to allow more than a limit', () => {
    const lines = linesOf(plan, [
      opened('ban', 'uses', 'Ban'),
      {
        type: 'approval.requested',
        actor: 'engine',
        step: 'ban',
        data: {
          request: 1,
          uses: 'x.y',
          inputs: {},
          inputsDigest: '',
          by: 0,
          counts: [{ verb: 'ban', kind: 'user', count: 51 }],
          targets: [],
          limits: [{ kind: 'user', limit: 50, count: 51 }],
        },
      },
    ]);
    expect(lines[0]).toBe('◆ Ban  waits for approval to go over a limit');
    expect(lines).toContain('  over a limit: the run would touch 51 users, the limit is 50');
    expect(lines.at(-1)).toBe('  runbook approve k3j ban');
  });

  it('about the run itself, out of time, is to go on or to abort', () => {
    const lines = linesOf(plan, [failed('', 'took longer than 2 h')]);
    expect(lines.slice(-2)).toEqual(['  runbook retry k3j', '  runbook abort k3j --reason WHY']);
    expect(lines.join('\n')).not.toContain('runbook skip');
  });

  it('about an instance names it so that a shell takes it as it is', () => {
    const lines = linesOf(each, [
      opened('each', 'loop', 'Each', 0, { count: 4 }),
      ...Array.from({ length: 3 }, (_, at) => [opened(`each[${at}]`, 'uses', 'Ban', at), done(`each[${at}]`)]).flat(),
      opened('each[3]', 'uses', 'Ban', 3),
      failed('each[3]', 'no'),
    ]);
    expect(lines).toContain("  runbook retry k3j 'each[3]'");
  });

  it('is written as this reader types it, and still fits the terminal', () => {
    const typed = (text: string): string => text.replaceAll('runbook ', 'npx runbook ');
    const lines = linesOf(plan, [opened('ban', 'uses', 'Ban'), failed('ban', 'no')], {
      columns: 40,
      asTyped: typed,
      notice: 'Pausing; go on with: runbook resume k3j and then some more words',
    });
    expect(lines).toContain('  npx runbook retry k3j ban');
    expect(lines.at(-1)).toMatch(/go on with: npx runbook/);
    for (const line of lines.filter((one) => !one.startsWith('  npx'))) expect(textWidth(line)).toBeLessThan(40);
  });
});

describe('an undo', () => {
  it('shows its batches under way below everything else', () => {
    const begun: Draft = {
      type: 'undo.started',
      actor: 'person:ana',
      data: { undo: 1, cause: 'operator', overwrites: false, reason: 'false alarm', by: 'ana' },
    };
    const batch = opened('undo1/0', 'uses', 'Unban users', 0, {
      inverse: { undo: 1, uses: 'x.z', inputs: {}, covers: [] },
    });
    const lines = linesOf(planOf([ban('ban')]), [opened('ban', 'uses', 'Ban'), done('ban'), done(''), begun, batch]);
    expect(lines).toEqual(['✔ Ban  1.2 s', '⠋ Taking changes back', '  ⠋ Unban users']);
  });
});

describe('a step cut short with its group', () => {
  it('says why it was skipped', () => {
    const plan = planOf([group('g', 'G', 0, [ban('g/ban')])]);
    const cut: Draft = {
      type: 'step.skipped',
      actor: 'engine',
      step: 'g/ban',
      data: { reason: { kind: 'timeout', text: 'G took longer than 10 min' } },
    };
    expect(linesOf(plan, [opened('g', 'group', 'G'), opened('g/ban', 'uses', 'Ban'), cut])).toContain(
      '  ↷ Ban  skipped: G took longer than 10 min',
    );
  });
});
