import { describe, expect, it } from 'vitest';
import type { Draft } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState } from '../../engine/run/state.ts';
import { plainLine } from '../../engine/ui/plain.ts';
import { created, journalOf, opened } from '../report/events.ts';

function linesOf(drafts: readonly Draft[]): string[] {
  const state = initialState();
  return journalOf(drafts).flatMap((event) => plainLine(event, evolve(state, event)) ?? []);
}

describe('plain lines', () => {
  it('say in a word what happened, with the time in UTC', () => {
    expect(
      linesOf([
        created(),
        opened('', 'group', 'B'),
        opened('keys', 'manual', 'Reset keys'),
        { type: 'step.done', actor: 'engine', step: 'keys', data: { durationMs: 75_000, by: 'ana' } },
      ]),
    ).toEqual([
      '03:00:00Z run      Breach (P1)',
      '03:02:00Z start    Reset keys',
      '03:03:00Z done     Reset keys · by ana · 1 min 15 s',
    ]);
  });

  it('are one line each, whatever the text', () => {
    const [, line] = linesOf([
      created(),
      { type: 'note.added', actor: 'person:a', data: { text: 'a\r\nb\u001b[1mc', kind: 'note', by: 'ana' } },
    ]);
    expect(line).toBe('03:01:00Z note     ana: a bc');
  });
});
