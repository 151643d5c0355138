import { describe, expect, it } from 'vitest';
import type { Draft } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState } from '../../engine/run/state.ts';
import { plainLine } from '../../engine/ui/plain.ts';
import { created, done, doubted, failed, journalOf, opened } from './events.ts';

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

  it('say what became of loops, limits, doubts, outputs and called playbooks', () => {
    const by = { actor: 'person:ana' } as const;
    const lines = linesOf([
      created(),
      opened('each', 'loop', 'Each', 0, { count: 2 }),
      opened('each[0]', 'uses', 'Ban (a)'),
      {
        type: 'approval.requested',
        actor: 'engine',
        step: 'each[0]',
        data: {
          request: 1,
          uses: 'x.y',
          inputs: {},
          inputsDigest: '',
          by: 0,
          counts: [],
          limits: [{ kind: 'user', limit: 1, count: 2 }],
        },
      },
      doubted('each[0]', ['a']),
      {
        ...by,
        type: 'doubt.resolved',
        step: 'each[0]',
        data: {
          kind: 'user',
          verb: 'ban',
          round: 0,
          ids: ['a'],
          choice: 'repeat',
          reason: 'not banned yet',
          by: 'ana',
        },
      },
      failed('each[0]', 'no'),
      {
        ...by,
        type: 'step.reopened',
        step: 'each[0]',
        data: { reason: 'mistyped', by: 'ana', inputs: { users: ['b'] } },
      },
      { ...by, type: 'step.done', step: 'each[0]', data: { durationMs: 0, by: 'ana', needsOutput: true } },
      { ...by, type: 'output.given', step: 'each[0]', data: { output: { value: 1 }, by: 'ana' } },
      opened('each[1]', 'uses', 'Ban (b)', 1),
      failed('each[1]', 'no', 'continue'),
      done('each'),
    ]);
    expect(lines.slice(1).map((line) => line.slice(10))).toEqual([
      'start    Each (2 items)',
      'approval Ban (a) asks to go over a limit: the run would touch 2 users, the limit is 1',
      'doubt    Ban (a): nobody knows whether it happened: ban user a',
      'settled  Ban (a): to be sent again, by ana: not banned yet (ban user a)',
      'failed   Ban (a): no',
      'again    Ban (a): mistyped, by ana, with other inputs: users',
      'done     Ban (a) · by ana · 0 ms; a later step reads its output, which is asked for',
      'output   Ban (a): given by ana',
      'failed   Ban (b): no',
      'done     Each · 1 done, 1 failed · 1.2 s',
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
