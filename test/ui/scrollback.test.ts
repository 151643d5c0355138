import { describe, expect, it } from 'vitest';
import type { Draft } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState } from '../../engine/run/state.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { createScrollback } from '../../engine/ui/scrollback.ts';
import { textWidth } from '../../engine/ui/text.ts';
import { created, done, doubted, failed, journalOf, looped, opened } from './events.ts';

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

  it('sums a loop up, and marks it where an instance failed', () => {
    const lines = written([
      ...begin,
      ...looped('each', 'Each', { count: 2, done: 1 }),
      opened('each[1]', 'uses', 'Each 1', 1),
      failed('each[1]', 'no', 'continue'),
      done('each'),
    ]);
    expect(lines).toEqual([
      '✔ 03:04:00Z done     Each 0 · 1.2 s',
      '✖ 03:06:00Z failed   Each 1: no',
      '! 03:07:00Z done     Each · 1 done, 1 failed · 1.2 s',
    ]);
  });

  it('says who settled what was in doubt, and who gave an output', () => {
    const lines = written(
      [
        ...begin,
        opened('ban', 'uses', 'Ban'),
        doubted('ban', ['a']),
        {
          type: 'doubt.resolved',
          actor: 'person:bo',
          step: 'ban',
          data: { kind: 'user', verb: 'ban', round: 0, ids: ['a'], choice: 'done', reason: 'seen', by: 'bo' },
        },
        { type: 'step.done', actor: 'person:bo', step: 'ban', data: { durationMs: 0, by: 'bo', needsOutput: true } },
        { type: 'output.given', actor: 'person:bo', step: 'ban', data: { output: { value: 1 }, by: 'bo' } },
      ],
      120,
    );
    expect(lines.map((line) => line.replace(/\s+/g, ' '))).toEqual([
      '! 03:03:00Z doubt Ban: nobody knows whether it happened: ban user a',
      '✔ 03:04:00Z settled Ban: it happened, by bo: seen (ban user a)',
      '! 03:05:00Z done Ban · by bo · 0 ms; a later step reads its output, which is asked for',
      '✔ 03:06:00Z output Ban: given by bo',
    ]);
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
    expect(lines[0]).toBe('⋮ 100 earlier lines: runbook report k3j');
  });
});
