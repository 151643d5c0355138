import { describe, expect, it } from 'vitest';
import type { EventData } from '../../engine/run/events.ts';
import { approvalDetails } from '../../engine/ui/approval-details.ts';
import { headLine, stepPlace } from '../../engine/ui/head-line.ts';
import { evidenceLines, thinnedText } from '../../engine/ui/list-evidence.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { treeLines } from '../../engine/ui/tree.ts';
import { call, created, group, loop, opened, planOf, stateOf, uses } from './events.ts';

const request = (more: Partial<EventData['approval.requested']>): EventData['approval.requested'] => ({
  request: 1,
  uses: 'x.y',
  inputs: {},
  inputsDigest: '',
  by: 1,
  counts: [],
  ...more,
});
const ids = Array.from({ length: 13 }, (_, index) => `user_${index}`);

describe('the details of an approval', () => {
  it('name the resolved inputs, lists shortened with a count', () => {
    expect(
      approvalDetails(
        request({ inputs: { command: 'systemctl\nrestart shop', users: ids, none: [], gone: null }, targets: [] }),
      ),
    ).toEqual(['command: systemctl restart shop', 'users: user_0, user_1, user_2 and 10 more (13)', 'none: none']);
  });

  it('name a command as it would be typed, whole', () => {
    const command = ['systemctl', 'restart', 'shop web', '--force', '--now'];
    expect(approvalDetails(request({ inputs: { command }, targets: [] }))).toEqual([
      "command: systemctl restart 'shop web' --force --now",
    ]);
  });

  it('name the first ten targets', () => {
    const lines = approvalDetails(request({ targets: ids.map((id) => ({ verb: 'ban', kind: 'user', id })) }));
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe('- ban user user_0');
    expect(lines[10]).toBe('- and 3 more');
  });

  it('say where the targets are not known', () => {
    expect(approvalDetails(request({ inputs: { a: 1 }, planError: 'a shell command' }))).toEqual([
      'a: 1',
      'targets: not known before it runs (a shell command): the approval holds for the action and these inputs',
    ]);
  });

  it('stand in the tree above the command that another person types', () => {
    const plan = planOf([uses('a', 'A', 0)]);
    const state = stateOf([
      created(),
      opened('', 'group', 'B'),
      opened('a', 'uses', 'A'),
      {
        type: 'approval.requested',
        actor: 'engine',
        step: 'a',
        data: request({ inputs: { command: 'restart shop' } }),
      },
    ]);
    const frame = { runId: 'k3j', columns: 80, rows: 24, palette: createPalette(false), now: 0, tick: 0, isHeld: true };
    const lines = treeLines(plan, state, frame);
    expect(lines).toContain('  command: restart shop');
    expect(lines.at(-1)).toBe('  runbook approve k3j a --as NAME');
  });
});

describe('the evidence of a proposed list', () => {
  it('is read from the lines of the text that name an id', () => {
    const text =
      '2 accounts:\n\n- user_1: 3 sessions from NG\n  * user_2: new device\n- Remove an account only if you are sure: really.';
    expect([...evidenceLines(text)]).toEqual([
      ['user_1', '3 sessions from NG'],
      ['user_2', 'new device'],
    ]);
  });

  it('is told what was kept and removed', () => {
    expect(thinnedText(ids, ids.slice(2))).toBe('kept 11, removed 2: user_0, user_1');
    expect(thinnedText(ids, ids)).toBe('kept all 13');
  });
});

describe('the line over a question', () => {
  it('names incident, severity, run, place and time', () => {
    const plan = planOf([uses('a', 'A', 0), group('g', 'G', 1, [uses('g/b', 'B', 0)]), uses('c', 'C', 2)]);
    const line = headLine(plan, stateOf([created({ title: 'Shop down' })]), {
      runId: 'k3j',
      now: Date.UTC(2026, 4, 12, 3, 12, 5),
      columns: 60,
      palette: createPalette(false),
      mark: stepPlace(plan, 'g/b'),
    });
    expect(line).toMatch(/^Shop down {2,}P1 · k3j · step 2 of 3 {2}12:05$/);
    expect(line).toHaveLength(60);
  });

  it.each([
    ['each[3]/ban', 'step 1 of 2, item 4'],
    ['each[3]', 'step 1 of 2, item 4'],
    ['other/ban', 'step 2 of 2'],
    ['finally/note', 'finally'],
    ['', ''],
  ])('says where %s is', (path, place) => {
    const plan = planOf([
      loop('each', 'Each', 0, group('each[]', 'Each', 0, [uses('each[]/ban', 'Ban', 0)])),
      call('other', 'Other', 1, { steps: [uses('other/ban', 'Ban', 0)] }),
    ]);
    expect(stepPlace(plan, path)).toBe(place);
  });
});
