// What a report must not leave out: with what a run was started, what it kept as evidence, what it never came to, and what
// it left behind.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EvidenceDigests } from '../../engine/report/evidence.ts';
import { createReportReader, type ReportModel } from '../../engine/report/model.ts';
import { renderMarkdown } from '../../engine/report/render.ts';
import type { Draft, RunEvent } from '../../engine/run/events.ts';
import { created, done, failed, intended, journalOf, opened, settled } from '../ui/events.ts';

const template = readFileSync(new URL('../../templates/incident-report.md.hbs', import.meta.url), 'utf8');
const NOW = Date.UTC(2026, 4, 12, 3, 30);

function modelOf(events: readonly RunEvent[], digests?: EvidenceDigests): ReportModel {
  const reader = createReportReader('k3j');
  for (const event of events) reader.add(event);
  return reader.model({ now: NOW, isWorkedOn: false, ...(digests === undefined ? {} : { digests }) });
}
const reportOf = (drafts: readonly Draft[], digests?: EvidenceDigests): string =>
  renderMarkdown(modelOf(journalOf(drafts), digests), template);

/** A run of this playbook. */
const runOf = (text: string, calls?: { readonly [name: string]: string }): Draft =>
  created({
    playbook: { name: 'breach', title: 'Breach', severity: 'P1', category: 'x', file: 'b.yaml', text, digest: '' },
    ...(calls === undefined
      ? {}
      : {
          calls: Object.fromEntries(
            Object.entries(calls).map(([name, of]) => [name, { file: `${name}.yaml`, text: of, digest: '' }]),
          ),
        }),
  });
const abortedAt = (...paths: string[]): Draft[] => [
  { type: 'abort.requested', actor: 'person:ana', data: { reason: 'false alarm', by: 'ana' } },
  { type: 'run.ending', actor: 'engine', data: { outcome: 'aborted', reason: 'false alarm' } },
  ...[...paths, ''].map(
    (step): Draft => ({
      type: 'step.skipped',
      actor: 'engine',
      step,
      data: { reason: { kind: 'abort', text: 'ana: false alarm' } },
    }),
  ),
  { type: 'run.ended', actor: 'engine', data: { outcome: 'aborted', outputs: {} } },
];

describe('the inputs of a run', () => {
  it('are told with the summary, shortened', () => {
    const report = reportOf([created({ inputs: { countries: ['US', 'CA', 'GB', 'DE'], note: '# x' } })]);
    expect(report).toContain('Started with:\n\n- countries = 4 values: US, CA, GB, …\n- note = \\# x\n\n## Timeline');
    expect(reportOf([created()])).not.toContain('Started with');
  });

  it('are told with what they were changed to where a step was tried again with others', () => {
    const again: Draft = {
      type: 'step.reopened',
      actor: 'person:ana',
      step: 'ban',
      data: { reason: 'mistyped', by: 'ana', inputs: { users: ['a'], limit: 3 } },
    };
    const model = modelOf(
      journalOf([created(), opened('', 'group', 'B'), opened('ban', 'uses', 'Ban'), failed('ban', 'no'), again]),
    );
    expect(model.timeline.at(-1)?.text).toBe(
      'Ban: tried again by ana with other inputs (users = 1 value: a; limit = 3): mistyped',
    );
  });
});

describe('steps that were never reached', () => {
  const text = `
steps:
  - id: look
    title: Look
    uses: x.y
  - id: contain
    title: Contain
    steps:
      - { id: ban, title: Ban, uses: x.y }
      - { id: tell, title: 'Tell \${{ inputs.who }}', uses: x.y }
  - { id: other, title: Check one, playbook: check }
  - id: last
    title: Tidy up
    steps:
      - { id: one, uses: x.y }
      - { id: deep, steps: [{ id: two, uses: x.y }] }
`;
  const check = 'steps: [{ id: ping, title: Ping, uses: x.y }]\nfinally: [{ id: bye, title: Bye, uses: x.y }]';

  it('are listed after an abort, a group that was never reached once', () => {
    const model = modelOf(
      journalOf([
        runOf(text, { check }),
        opened('', 'group', 'Breach'),
        opened('look', 'uses', 'Look'),
        done('look'),
        opened('contain', 'group', 'Contain', 1),
        opened('contain/ban', 'uses', 'Ban'),
        ...abortedAt('contain/ban', 'contain'),
      ]),
    );
    expect(model.neverReached).toEqual([
      { title: 'tell', what: 'never reached' },
      { title: 'Check one', what: 'never reached, with 2 steps in it' },
      { title: 'Tidy up', what: 'never reached, with 2 steps in it' },
    ]);
    expect(model.notDone).toEqual([{ title: 'Ban', what: 'skipped: ana: false alarm' }]);
    expect(model.timeline.map((entry) => entry.text)).not.toContain('Breach: skipped: ana: false alarm');
  });

  it('are looked for inside a called playbook that was cut short', () => {
    const { neverReached } = modelOf(
      journalOf([
        runOf(`steps: [{ id: other, title: Check one, playbook: check }]`, { check }),
        opened('', 'group', 'Breach'),
        opened('other', 'call', 'Check one'),
        opened('other/ping', 'uses', 'Ping'),
        ...abortedAt('other/ping', 'other'),
      ]),
    );
    expect(neverReached).toEqual([{ title: 'Check one: Bye', what: 'never reached' }]);
  });

  it('are counted where a loop was cut short', () => {
    const { neverReached } = modelOf(
      journalOf([
        runOf('steps: [{ id: each, title: Ban each, forEach: inputs.users, uses: x.y }]'),
        opened('', 'group', 'Breach'),
        opened('each', 'loop', 'Ban each', 0, { count: 10 }),
        opened('each[0]', 'uses', 'Ban'),
        done('each[0]'),
        opened('each[1]', 'uses', 'Ban', 1),
        ...abortedAt('each[1]', 'each'),
      ]),
    );
    expect(neverReached).toEqual([{ title: 'Ban each', what: '8 of 10 items never reached' }]);
  });

  it('are none while a run is under way, and none that cannot be read', () => {
    expect(modelOf(journalOf([runOf(text), opened('', 'group', 'Breach')])).neverReached).toEqual([]);
    const broken = journalOf([runOf('steps: ['), opened('', 'group', 'Breach'), ...abortedAt()]);
    expect(modelOf(broken).neverReached).toEqual([]);
  });
});

describe('what a run left behind', () => {
  const text = 'steps: [{ id: ban, uses: x.y, undo: { uses: x.z } }, { id: end, uses: x.y }]';
  const changed = (step: string, ids: readonly string[]): Draft[] => [
    opened(step, 'uses', step),
    intended(step, ids),
    settled(
      step,
      ids.map((id) => ({ id, outcome: 'done' as const })),
    ),
    done(step),
  ];

  it('is told where it can be taken back, with the command that does', () => {
    const drafts = [
      runOf(text),
      opened('', 'group', 'Breach'),
      ...changed('ban', ['a', 'b']),
      ...changed('end', ['c']),
    ];
    expect(modelOf(journalOf(drafts)).stillInEffect).toEqual([{ title: 'ban', what: 'ban 2 users' }]);
    expect(reportOf(drafts)).toContain(
      'Still in effect now (`runbook undo k3j` takes it back):\n\n- ban: ban 2 users\n',
    );
  });

  it('names who keeps a temporary change, and why', () => {
    const { stillInEffect } = modelOf(
      journalOf([
        runOf(text),
        opened('', 'group', 'Breach'),
        opened('end', 'uses', 'Open', 0, { temporaryMs: 60_000 }),
        intended('end', ['a']),
        settled('end', [{ id: 'a', outcome: 'done' }]),
        done('end'),
        { type: 'temporary.kept', actor: 'person:ana', step: 'end', data: { by: 'ana', reason: 'until Monday' } },
      ]),
    );
    expect(stillInEffect).toEqual([{ title: 'Open', what: 'ban 1 user; stays on purpose, said ana: until Monday' }]);
  });
});

describe('many targets of few owners', () => {
  it('are told by their owners', () => {
    const owner = (at: number) => ({ kind: 'user', id: `u${at % 3}` });
    const ids = Array.from({ length: 102 }, (_, at) => ({ id: `s${at}`, owner: owner(at) }));
    const what = { kind: 'session', verb: 'revoke', round: 0 };
    const report = reportOf([
      created(),
      opened('', 'group', 'B'),
      opened('revoke', 'uses', 'Revoke'),
      {
        type: 'change.intended',
        actor: 'engine',
        step: 'revoke',
        data: { ...what, attempt: 1, after: {}, targets: ids },
      },
      {
        type: 'change.settled',
        actor: 'engine',
        step: 'revoke',
        data: { ...what, results: ids.map(({ id }) => ({ id, outcome: 'done' as const })) },
      },
      done('revoke'),
    ]);
    expect(report).toContain('  - revoke session: 102 of 3 users: u0, u1, u2\n');
  });
});

describe('evidence', () => {
  const [kept, gone] = ['a'.repeat(64), 'b'.repeat(64)];
  const answered: Draft = {
    type: 'manual.answered',
    actor: 'person:bo',
    step: 'look',
    data: {
      fields: {},
      evidence: [
        { blob: kept, sizeBytes: 48_213, mediaType: 'image/png', name: 'list.png' },
        { blob: gone, sizeBytes: 1, mediaType: 'text/plain', name: 'a|b.txt' },
      ],
      by: 'bo',
    },
  };
  const drafts = [created(), opened('', 'group', 'B'), opened('look', 'manual', 'Look'), answered];

  it('is listed with name, size, SHA-256 and who gave it', () => {
    const digests = new Map([
      [kept, { sha256: '1'.repeat(64) }],
      [gone, { problem: 'its bytes are missing in the store' }],
    ]);
    const report = reportOf(drafts, digests);
    expect(report).toContain('Evidence (`runbook evidence k3j --out FOLDER` gets the files back):');
    expect(report).toContain(`- Look: list.png, 48,213 bytes, SHA-256 ${'1'.repeat(64)}, given by bo\n`);
    expect(report).toContain('- Look: a\\|b.txt, given by bo; its bytes are missing in the store\n');
  });

  it('that was erased is told as that', () => {
    const events = journalOf(drafts).map(
      (event) =>
        event.type === 'manual.answered'
          ? { ...event, data: { ...event.data, evidence: ['[redacted:erased]'] } }
          : event,
      // An erasure leaves what no event is written with.
    ) as unknown as RunEvent[];
    expect(renderMarkdown(modelOf(events), template)).toContain('- Look: a file given by bo; it was erased\n');
  });
});

describe('the times of a short run', () => {
  it('have seconds', () => {
    const report = reportOf([created()]);
    expect(report).toContain('- **Duration:** 0 hours 30 minutes 0 seconds so far');
    expect(report).toContain('- 03:00:00 - Initial response');
  });
});
