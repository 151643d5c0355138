import { describe, expect, it } from 'vitest';
import { createPalette } from '../../engine/ui/palette.ts';
import { textWidth } from '../../engine/ui/text.ts';
import { type Frame, treeLines } from '../../engine/ui/tree.ts';
import { created, done, group, manual, opened, planOf, stateOf, uses } from './events.ts';

const frame = (more: Partial<Frame> = {}): Frame => ({
  runId: 'k3j',
  columns: 80,
  rows: 24,
  palette: createPalette(false),
  now: Date.UTC(2026, 4, 12, 3, 10),
  tick: 0,
  isHeld: true,
  ...more,
});
const many = Array.from({ length: 60 }, (_, index) => uses(`s${index}`, `Step ${index}`, index));

describe('the tree', () => {
  it('unfolds the group under way, folds what is done, and lists what is to come', () => {
    const plan = planOf([
      uses('find', 'Find', 0),
      group('contain', 'Contain', 1, [uses('contain/ban', 'Ban', 0)]),
      uses('watch', 'Watch', 2),
    ]);
    const state = stateOf([
      created(),
      opened('', 'group', 'Breach'),
      opened('find', 'uses', 'Find'),
      done('find'),
      opened('contain', 'group', 'Contain', 1),
      opened('contain/ban', 'uses', 'Ban'),
      { type: 'step.progress', actor: 'engine', step: 'contain/ban', data: { done: 5, total: 10, unit: 'users' } },
      { type: 'step.log', actor: 'engine', step: 'contain/ban', data: { text: 'banned a' } },
    ]);
    const lines = treeLines(plan, state, frame());
    expect(lines.slice(1, 6).map((line) => line.trimEnd())).toEqual([
      '✔ Find  1.2 s',
      expect.stringMatching(/^⠋ Contain/),
      expect.stringMatching(/^ {2}⠋ Ban {2}█████░░░░░ 5\/10 users/),
      '    › banned a',
      '· Watch',
    ]);
  });

  it.each([12, 24])('fits %i rows with what is under way in sight', (rows) => {
    const plan = planOf(many);
    const drafts = Array.from({ length: 30 }, (_, index) => [
      opened(`s${index}`, 'uses', `Step ${index}`, index),
      done(`s${index}`),
    ]).flat();
    const lines = treeLines(
      plan,
      stateOf([created(), opened('', 'group', 'B'), ...drafts, opened('s30', 'uses', 'Step 30', 30)]),
      frame({ rows }),
    );
    expect(lines.length).toBeLessThan(rows);
    expect(lines.some((line) => line.includes('⠋ Step 30'))).toBe(true);
    expect(lines.some((line) => line.includes('earlier steps'))).toBe(true);
    expect(lines.some((line) => line.includes('more steps'))).toBe(true);
  });

  it('keeps every line within the terminal, but a command to copy', () => {
    const plan = planOf([manual('keys', 'K'.repeat(200), 0)]);
    const lines = treeLines(
      plan,
      stateOf([
        created({ title: 'T'.repeat(300) }),
        opened('', 'group', 'B'),
        opened('keys', 'manual', 'K'.repeat(200)),
      ]),
      frame({ columns: 40 }),
    );
    for (const line of lines.filter((one) => !one.includes('runbook '))) expect(textWidth(line)).toBeLessThan(40);
    expect(lines.at(-1)?.trim()).toBe('runbook done k3j keys --field exposed=VALUE');
  });

  it('lets nothing of a journal act on the terminal', () => {
    const hostile = 'x\u001b[2J\u001b]0;title\u0007\u0000\u202ey\nz';
    const plan = planOf([uses('a', 'A', 0)]);
    const lines = treeLines(
      plan,
      stateOf([created({ title: hostile }), opened('', 'group', 'B'), opened('a', 'uses', hostile)]),
      frame(),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(lines.join('')).toContain('xy z');
  });

  it('names the commands that decide about a failed step', () => {
    const plan = planOf([uses('a', 'A', 0)]);
    const state = stateOf([
      created(),
      opened('', 'group', 'B'),
      opened('a', 'uses', 'A'),
      {
        type: 'step.failed',
        actor: 'engine',
        step: 'a',
        data: { error: { code: 'E', message: 'no' }, onFailure: 'pause' },
      },
    ]);
    const text = treeLines(plan, state, frame()).join('\n');
    for (const command of ['runbook retry k3j a', 'runbook skip k3j a --reason WHY', 'runbook abort k3j --reason WHY'])
      expect(text).toContain(command);
  });
});
