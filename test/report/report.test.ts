import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createReportReader, type ReportModel } from '../../engine/report/model.ts';
import { renderMarkdown } from '../../engine/report/render.ts';
import type { Draft } from '../../engine/run/events.ts';
import { created, journalOf, opened } from '../ui/events.ts';

const template = readFileSync(new URL('../../templates/incident-report.md.hbs', import.meta.url), 'utf8');
const NOW = Date.UTC(2026, 4, 12, 5, 30);

function modelOf(drafts: readonly Draft[]): ReportModel {
  const reader = createReportReader('k3j');
  for (const event of journalOf(drafts)) reader.add(event);
  return reader.model({ now: NOW, isWorkedOn: false });
}
const reportOf = (drafts: readonly Draft[]): string => renderMarkdown(modelOf(drafts), template);

const ban: Draft[] = [
  opened('', 'group', 'Breach'),
  opened('ban', 'uses', 'Lock accounts'),
  {
    type: 'attempt.started',
    actor: 'engine',
    step: 'ban',
    data: { attempt: 1, round: 0, uses: 'clerk.ban-users', inputs: {}, inputsDigest: '', idempotent: true },
  },
  {
    type: 'change.intended',
    actor: 'engine',
    step: 'ban',
    data: {
      attempt: 1,
      kind: 'user',
      verb: 'ban',
      round: 0,
      after: { banned: true },
      targets: [{ id: 'a' }, { id: 'b' }],
    },
  },
  {
    type: 'change.settled',
    actor: 'engine',
    step: 'ban',
    data: {
      kind: 'user',
      verb: 'ban',
      round: 0,
      results: [
        { id: 'a', outcome: 'done' },
        { id: 'b', outcome: 'done' },
        { id: 'c', outcome: 'already' },
      ],
    },
  },
  { type: 'step.done', actor: 'engine', step: 'ban', data: { durationMs: 900 } },
];

describe('the incident report', () => {
  it('has exactly the headings of the template it follows, in their order', () => {
    const headings = reportOf([created(), ...ban])
      .split('\n')
      .filter((line) => line.startsWith('#'));
    expect(headings).toEqual([
      '# Incident Report: Breach',
      '## Summary',
      '## Timeline',
      '## Root Cause',
      '## Resolution',
      '## Prevention',
      '## Lessons Learned',
    ]);
  });

  it('begins its summary with date, duration, severity and impact', () => {
    const summary =
      reportOf([created(), ...ban])
        .split('## Summary')[1]
        ?.split('## Timeline')[0] ?? '';
    expect(
      summary
        .trim()
        .split('\n')
        .map((line) => line.split(':')[0]),
    ).toEqual(['- **Date', '- **Duration', '- **Severity', '- **Impact']);
    expect(summary).toContain('- **Date:** 2026-05-12');
    expect(summary).toContain('- **Duration:** 2 hours 30 minutes so far');
  });

  it('tells bulk work in one line with its counts, and counts each user touched once', () => {
    const report = reportOf([created(), ...ban, ...ban.slice(4)]);
    expect(report).toContain('- 03:06 - Lock accounts: done (ban user: 2 done, 1 already so)');
    expect(report).toContain('touched by the response: 2 users');
  });

  it('marks what the journal does not hold instead of inventing it', () => {
    const report = reportOf([created()]);
    expect(report).toContain('## Root Cause\n\n_to be written_');
    expect(report).toContain('## Lessons Learned\n\n_to be written_');
    expect(report).toContain('- [ ] _to be written_');
    expect(report).toContain('users affected _to be written_');
    expect(report).toContain('- _to be written_ - Incident detected');
  });

  it('takes root cause, lessons and findings from the fields of manual steps', () => {
    const report = reportOf([
      created(),
      opened('', 'group', 'Breach'),
      opened('document', 'manual', 'Document'),
      {
        type: 'manual.answered',
        actor: 'person:ana',
        step: 'document',
        data: {
          fields: { root_cause: 'Reused\npasswords', lessons: 'Alert earlier', findings: 'Reads only' },
          evidence: [],
          by: 'ana',
        },
      },
    ]);
    expect(report).toContain('## Root Cause\n\nReused\n\npasswords');
    expect(report).toContain('## Lessons Learned\n\nAlert earlier');
    expect(report).toContain('- Reads only');
  });

  it('prefers a stated cause and lists action items with their owners', () => {
    const report = reportOf([
      created(),
      { type: 'cause.stated', actor: 'person:bo', data: { text: 'A leaked key', by: 'bo' } },
      {
        type: 'note.added',
        actor: 'person:bo',
        data: { text: 'Rotate keys', kind: 'action-item', owner: 'cy', by: 'bo' },
      },
    ]);
    expect(report).toContain('## Root Cause\n\nA leaked key');
    expect(report).toContain('- [ ] Rotate keys (owner: cy)');
  });

  it('names who approved, and why a step was skipped or failed', () => {
    const report = reportOf([
      created(),
      ...ban.slice(0, 2),
      {
        type: 'approval.requested',
        actor: 'engine',
        step: 'ban',
        data: {
          request: 1,
          uses: 'clerk.ban-users',
          inputs: {},
          inputsDigest: '',
          by: 1,
          counts: [{ verb: 'ban', kind: 'user', count: 31 }],
        },
      },
      { type: 'approval.given', actor: 'person:bo', step: 'ban', data: { request: 1, by: 'bo', role: 'security' } },
      {
        type: 'step.failed',
        actor: 'engine',
        step: 'ban',
        data: { error: { code: 'E', message: 'Clerk said no' }, onFailure: 'continue' },
      },
      {
        type: 'step.skipped',
        actor: 'person:ana',
        step: 'keys',
        data: { reason: { kind: 'person', text: 'ana: none exposed' }, index: 1, title: 'Reset keys' },
      },
    ]);
    expect(report).toContain('- 03:03 - Approval asked for: Lock accounts (ban 31 users)');
    expect(report).toContain('- Lock accounts: given by bo (security, self-declared)');
    expect(report).toContain('- Lock accounts: failed: Clerk said no');
    expect(report).toContain('- Reset keys: skipped: ana: none exposed');
  });

  it('says what an unfinished run waits for now, whatever it was last paused for', () => {
    const model = modelOf([
      created(),
      opened('', 'group', 'Breach'),
      opened('look', 'manual', 'Look'),
      { type: 'run.paused', actor: 'engine', data: { reason: 'waiting', waitsFor: ['look: an answer'] } },
      { type: 'manual.answered', actor: 'person:ana', step: 'look', data: { fields: {}, evidence: [], by: 'ana' } },
      { type: 'step.done', actor: 'engine', step: 'look', data: { durationMs: 1 } },
      opened('act', 'manual', 'Act', 1),
    ]);
    expect(model).toMatchObject({ status: 'waiting', waitsFor: ['act: an answer'] });
  });

  it('calls a run stopped that is under way and that nobody works on', () => {
    expect(reportOf([created(), ...ban.slice(0, 3)])).toContain('The run is not over: it is stopped.');
    const reader = createReportReader('k3j');
    for (const event of journalOf([created(), ...ban.slice(0, 3)])) reader.add(event);
    expect(reader.model({ now: NOW, isWorkedOn: true }).status).toBe('running');
  });

  it('names the targets that each verb of a step touched: how many, and twenty of them', () => {
    const ids = Array.from({ length: 53 }, (_, index) => ({ id: `user_${index}` }));
    const report = reportOf([
      created(),
      ...ban.slice(0, 3),
      {
        type: 'change.intended',
        actor: 'engine',
        step: 'ban',
        data: { attempt: 1, kind: 'user', verb: 'ban', round: 0, after: {}, targets: ids },
      },
      {
        type: 'change.settled',
        actor: 'engine',
        step: 'ban',
        data: {
          kind: 'user',
          verb: 'ban',
          round: 0,
          results: ids.map(({ id }, index) => ({
            id,
            outcome: index === 0 ? ('unknown' as const) : ('done' as const),
          })),
        },
      },
    ]);
    expect(report).toContain('  - ban user (in doubt): user\\_0\n');
    expect(report).toMatch(/ {2}- ban user: 52: user\\_1, .*user\\_20 and 32 more\n/);
    expect(report).not.toContain('user\\_21');
  });

  it('tells what was answered by hand, shortened, and nothing twice', () => {
    const report = reportOf([
      created(),
      opened('', 'group', 'Breach'),
      opened('confirm', 'manual', 'Confirm'),
      {
        type: 'manual.answered',
        actor: 'person:ana',
        step: 'confirm',
        data: {
          fields: { users: ['u1', 'u2', 'u3', 'u4'], isSure: true, why: '# Fake\n## more', lessons: 'Alert earlier' },
          evidence: [],
          by: 'ana',
        },
      },
      { type: 'step.done', actor: 'engine', step: 'confirm', data: { durationMs: 1, by: 'ana' } },
    ]);
    expect(report).toContain('- Confirm: done by ana\n  - users = 4 values: u1, u2, u3, …\n  - isSure = true\n');
    expect(report).toContain('  - why = \\# Fake \\#\\# more\n');
    expect(report.split('Alert earlier')).toHaveLength(2);
  });

  it('says that a drill was one, with its score', () => {
    const report = reportOf([
      created({ drill: { scenario: 'breach', seed: 1, worldFile: 'w', isUnattended: true } }),
      { type: 'drill.scored', actor: 'engine', data: { score: { points: 95 } } },
    ]);
    expect(report).toContain('# Incident Report: Breach (drill)');
    expect(report).toContain('95 of 100 points');
  });

  it('measures from detection, and dates what happened on another day', () => {
    const report = reportOf([created({ detectedAt: '2026-05-11T23:30:00.000Z' })]);
    expect(report).toContain('- 23:30 - (2026-05-11) Incident detected');
    expect(report).toContain('- **Duration:** 6 hours 0 minutes so far');
  });

  it('ends with the head of the journal', () => {
    const hash = '1'.padStart(64, '0');
    expect(reportOf([created()]).trimEnd().split('\n').at(-1)).toContain(`1 events, head ${hash}`);
  });

  it.each([
    ['a heading', '# Fake', '\\# Fake'],
    ['a table cell', 'a | b', 'a \\| b'],
    ['HTML', '<script>alert(1)</script>', '\\<script\\>alert(1)\\</script\\>'],
    ['a line break', 'a\n## Fake', 'a \\#\\# Fake'],
    ['an escape sequence', '\u001b[31mred\u001b[0m\u202e', 'red'],
    ['a link', '[x](javascript:1)', '\\[x\\](javascript:1)'],
    ['template code', '{{constructor}}', '{{constructor}}'],
  ])('keeps %s in a name as text', (_, name, shown) => {
    const report = reportOf([
      created(),
      { type: 'note.added', actor: 'person:x', data: { text: 'hello', kind: 'note', by: name } },
    ]);
    expect(report).toContain(`Note by ${shown}: hello`);
    expect(report.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(7);
  });
});
