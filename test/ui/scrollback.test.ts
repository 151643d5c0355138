import { describe, expect, it } from 'vitest';
import type { Draft } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState } from '../../engine/run/state.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { createScrollback } from '../../engine/ui/scrollback.ts';
import { textWidth } from '../../engine/ui/text.ts';
import { created, journalOf, opened } from '../report/events.ts';

function written(drafts: readonly Draft[], columns = 80): string[] {
  const lines: string[] = [];
  const scrollback = createScrollback({
    console: { write: (line) => lines.push(line), columns: () => columns, palette: createPalette(false) },
    operator: 'ana',
    runId: 'k3j',
  });
  const state = initialState();
  for (const event of journalOf(drafts)) {
    evolve(state, event);
    scrollback.note(event, state);
  }
  scrollback.flush();
  scrollback.flush();
  return lines;
}
const done = (step: string, by?: string): Draft => ({
  type: 'step.done',
  actor: 'engine',
  step,
  data: { durationMs: 1200, ...(by === undefined ? {} : { by }) },
});
const begin = [created(), opened('', 'group', 'B')];

describe('what stays on the screen', () => {
  it('is a line for each step that ended, once, with the last thing it said', () => {
    expect(
      written([
        ...begin,
        opened('find', 'uses', 'Find'),
        { type: 'step.log', actor: 'engine', step: 'find', data: { text: '7 of 730 sessions hold nothing' } },
        done('find'),
      ]),
    ).toEqual(['✔ 03:04:00Z done     Find · 1.2 s', '    › 7 of 730 sessions hold nothing']);
  });

  it('says who approved', () => {
    expect(
      written([
        ...begin,
        opened('ban', 'uses', 'Ban'),
        {
          type: 'approval.given',
          actor: 'scenario:grace',
          step: 'ban',
          data: { request: 1, by: 'grace', role: 'security' },
        },
      ]),
    ).toEqual(['✔ 03:03:00Z approval Ban: given by grace (security)']);
  });

  it('says who answered where it was somebody else', () => {
    const answered = (by: string): Draft => ({
      type: 'manual.answered',
      actor: `person:${by}`,
      step: 'keys',
      data: { fields: {}, evidence: [], by },
    });
    const asked = [...begin, opened('keys', 'manual', 'Keys')];
    expect(written([...asked, answered('bob')])).toEqual(['✔ 03:03:00Z answer   Keys: by bob']);
    expect(written([...asked, answered('ana')])).toEqual([]);
  });

  it('leaves out groups, whose steps have their own lines', () => {
    expect(written([...begin, opened('g', 'group', 'G'), done('g')])).toEqual([]);
  });

  it('marks a step whose output says ok: false', () => {
    const [line] = written([
      ...begin,
      opened('p', 'uses', 'P'),
      { type: 'step.done', actor: 'engine', step: 'p', data: { durationMs: 5, output: { value: { ok: false } } } },
    ]);
    expect(line).toBe('! 03:03:00Z done     P · ok: false · 5 ms');
  });

  it('fits the terminal', () => {
    const lines = written([...begin, opened('p', 'uses', 'word '.repeat(60)), done('p')], 60);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect(textWidth(line)).toBeLessThan(60);
  });

  it('is bounded', () => {
    const many = Array.from({ length: 300 }, (_, index) => [
      opened(`s${index}`, 'uses', 'S', index),
      done(`s${index}`),
    ]);
    const lines = written([...begin, ...many.flat()]);
    expect(lines).toHaveLength(201);
    expect(lines[0]).toBe('⋮ 100 earlier lines: runbook show k3j');
  });
});
