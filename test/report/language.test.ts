import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createReportReader, type ReportModel } from '../../engine/report/model.ts';
import { renderMarkdown } from '../../engine/report/render.ts';
import type { Draft, SkipReason } from '../../engine/run/events.ts';
import { created, done, doubted, failed, intended, journalOf, looped, opened, settled } from '../ui/events.ts';

const template = readFileSync(new URL('../../templates/incident-report.md.hbs', import.meta.url), 'utf8');
function modelOf(drafts: readonly Draft[]): ReportModel {
  const reader = createReportReader('k3j');
  for (const event of journalOf([created(), opened('', 'group', 'Breach'), ...drafts])) reader.add(event);
  return reader.model({ now: Date.UTC(2026, 4, 12, 5, 30), isWorkedOn: false });
}
const reportOf = (drafts: readonly Draft[]): string => renderMarkdown(modelOf(drafts), template);
const texts = (model: ReportModel): string[] => model.timeline.map((entry) => entry.text);
const skipped = (step: string, kind: SkipReason['kind'], text: string, title?: string): Draft => ({
  type: 'step.skipped',
  actor: 'engine',
  step,
  data: { reason: { kind, text }, index: 0, ...(title === undefined ? {} : { title }) },
});

/** A loop over so many users, the first of them failing. */
function banned(count: number, failures: number): Draft[] {
  return [
    opened('each', 'loop', 'Ban each', 0, { count }),
    ...Array.from({ length: count }, (_, at) => {
      const path = `each[${at}]`;
      const end =
        at < failures ? failed(path, `no user ${at}`, 'continue') : settled(path, [{ id: `u${at}`, outcome: 'done' }]);
      return [
        opened(path, 'uses', `Ban (u${at})`, at),
        intended(path, [`u${at}`]),
        end,
        ...(at < failures ? [] : [done(path)]),
      ];
    }).flat(),
    done('each'),
  ];
}

describe('a loop in the report', () => {
  it('is told step by step where it is short', () => {
    const model = modelOf(banned(3, 1));
    expect(model.resolution.map((entry) => entry.title)).toEqual(['Ban (u0)', 'Ban (u1)', 'Ban (u2)']);
    expect(model.notDone).toEqual([{ title: 'Ban (u0)', what: 'failed: no user 0' }]);
    expect(texts(model)).toContain('Ban (u1): done (ban user: 1 done)');
  });

  it('is a sum where it is long, in every place', () => {
    const model = modelOf(banned(10_000, 30));
    expect(model.resolution).toHaveLength(1);
    expect(model.resolution[0]).toMatchObject({
      title: 'Ban each',
      what: '9970 done, 30 failed; ban user: 30 in doubt, 9970 done',
    });
    expect(model.notDone).toEqual([
      {
        title: 'Ban each',
        what: 'failed in 30 items: item 1: no user 0; item 2: no user 1; item 3: no user 2; and 27 more',
      },
    ]);
    expect(model.timeline.length).toBeLessThan(30);
    expect(texts(model).at(-1)).toBe(
      'Ban each: done (9970 done, 30 failed; ban user: 30 in doubt, 9970 done). 10 more lines of it are in the journal',
    );
    expect(renderMarkdown(model, template).length).toBeLessThan(20_000);
  });

  it('names the step inside an instance that failed, also in loops within loops', () => {
    const model = modelOf([
      opened('each', 'loop', 'Each host', 0, { count: 2 }),
      opened('each[0]', 'group', 'Host a'),
      opened('each[0]/users', 'loop', 'Each user', 0, { count: 50 }),
      ...[3, 4].flatMap((at) => [
        opened(`each[0]/users[${at}]`, 'group', 'User', at),
        opened(`each[0]/users[${at}]/ban`, 'uses', 'Ban'),
        failed(`each[0]/users[${at}]/ban`, 'no', 'continue'),
      ]),
    ]);
    expect(model.notDone).toEqual([
      { title: 'Each host: Ban', what: 'failed in 2 items: item 1, item 4: no; item 1, item 5: no' },
    ]);
  });

  it('tells who did what by hand in it', () => {
    const answered = Array.from({ length: 25 }, (_, at): Draft[] => {
      const by = at < 20 ? 'ana' : 'bo';
      const path = `each[${at}]`;
      return [
        opened(path, 'manual', 'Call', at),
        { type: 'manual.answered', actor: `person:${by}`, step: path, data: { fields: {}, evidence: [], by } },
        done(path, { by }),
      ];
    }).flat();
    const [entry] = modelOf([
      opened('each', 'loop', 'Call each', 0, { count: 25 }),
      ...answered,
      done('each'),
    ]).resolution;
    expect(entry).toMatchObject({ title: 'Call each', what: '25 done; by ana (20 times); by bo (5 times)' });
  });
});

describe('what was not done', () => {
  it('is told with its reason, of groups and of the run itself too', () => {
    const model = modelOf([
      opened('g', 'group', 'Contain'),
      opened('g/ban', 'uses', 'Ban'),
      skipped('g/ban', 'timeout', 'Contain took longer than 10 min'),
      failed('g', 'took longer than 10 min', 'continue'),
      skipped('last', 'when', 'when: false is false', 'Last'),
      failed('', 'took longer than 2 h'),
    ]);
    expect(model.notDone).toEqual([
      { title: 'Breach', what: 'failed: took longer than 2 h' },
      { title: 'Contain', what: 'failed: took longer than 10 min' },
      { title: 'Ban', what: 'skipped: Contain took longer than 10 min' },
      { title: 'Last', what: 'skipped: when: false is false' },
    ]);
  });

  it('on purpose has its own place, and no line in the timeline', () => {
    const drafts = [
      skipped('a', 'selection', 'left out by --only', 'Find'),
      skipped('b', 'selection', 'left out', 'Watch'),
    ];
    const reader = createReportReader('k3j');
    for (const event of journalOf([created({ selection: { from: 'x', only: ['ban', 'contain'] } }), ...drafts]))
      reader.add(event);
    const model = reader.model({ now: 0, isWorkedOn: false });
    expect(model.notDone).toEqual([]);
    expect(texts(model)).toHaveLength(1);
    expect(renderMarkdown(model, template)).toContain(
      'Left out on purpose: all before x and all but ban, contain: Find; Watch.\n\n',
    );
  });
});

describe('what people decided', () => {
  it('tells which limits were passed, and by whose approval', () => {
    const ask: Draft = {
      type: 'approval.requested',
      actor: 'engine',
      step: 'ban',
      data: {
        request: 2,
        uses: 'x.y',
        inputs: {},
        inputsDigest: '',
        by: 2,
        counts: [],
        limits: [{ kind: 'user', limit: 50, count: 51 }],
      },
    };
    const give = (by: string): Draft => ({
      type: 'approval.given',
      actor: `person:${by}`,
      step: 'ban',
      data: { request: 2, by, role: 'security', roleIsChecked: true },
    });
    const first = [opened('ban', 'uses', 'Ban'), ask, give('bo')];
    expect(modelOf(first).overLimits).toEqual([]);
    const report = reportOf([...first, give('cy')]);
    expect(report).toContain(
      'Limits passed:\n\n- Ban: 51 users, the limit is 50; approved by bo (security), cy (security)\n',
    );
    expect(report).toContain('- Ban: given by bo (security), to go over a limit: 51 users, the limit is 50\n');
    expect(report).toContain(
      'Approval asked for to go over a limit: Ban, the run would touch 51 users, the limit is 50',
    );
  });

  it('tells what became of changes in doubt, who said so, and why', () => {
    const report = reportOf([
      opened('ban', 'uses', 'Ban'),
      intended('ban', ['a']),
      doubted('ban', ['a']),
      {
        type: 'doubt.resolved',
        actor: 'person:bo',
        step: 'ban',
        data: { kind: 'user', verb: 'ban', round: 0, ids: ['a'], choice: 'done', reason: 'seen banned', by: 'bo' },
      },
    ]);
    expect(report).toContain(
      'In doubt, and what became of it:\n\n- Ban: ban user a: it happened, said bo: seen banned\n',
    );
    expect(report).toContain('Ban: in doubt, nobody knows whether it happened: ban user a');
  });

  it('tells who gave an output in the place of an action', () => {
    const output = { value: 1 };
    const model = modelOf([
      opened('a', 'uses', 'A'),
      {
        type: 'step.done',
        actor: 'person:ana',
        step: 'a',
        data: { durationMs: 0, by: 'ana', output, note: 'by hand' },
      },
      opened('b', 'uses', 'B', 1),
      { type: 'step.skipped', actor: 'person:bo', step: 'b', data: { reason: { kind: 'person', text: 'x' }, output } },
      opened('c', 'uses', 'C', 2),
      { type: 'step.done', actor: 'person:ana', step: 'c', data: { durationMs: 0, by: 'ana', needsOutput: true } },
      { type: 'output.given', actor: 'person:cy', step: 'c', data: { output, by: 'cy' } },
      opened('d', 'uses', 'D', 3),
      done('d', { output }),
    ]);
    expect(model.givenOutputs).toEqual([
      { title: 'A', what: 'given by ana, who did it by hand' },
      { title: 'B', what: 'given by bo, who skipped it' },
      { title: 'C', what: 'given by cy' },
    ]);
    expect(model.resolution.map(({ title, what }) => `${title}: ${what}`)).toEqual([
      'A: done by ana; by hand',
      'C: done by ana',
    ]);
  });

  it('is cut where it would fill pages', () => {
    const many = Array.from({ length: 80 }, (_, at): Draft[] => [
      opened(`s${at}`, 'uses', `S${at}`, at),
      {
        type: 'step.done',
        actor: 'person:ana',
        step: `s${at}`,
        data: { durationMs: 0, by: 'ana', output: { value: 1 } },
      },
    ]).flat();
    const { givenOutputs } = modelOf(many);
    expect(givenOutputs).toHaveLength(51);
    expect(givenOutputs.at(-1)).toEqual({ title: '30 more', what: 'they are in the journal' });
  });

  it('tells that the run went on with a changed playbook, and why', () => {
    const begun = created();
    if (begun.type !== 'run.created') throw new Error('a run begins with its creation');
    const { playbook } = begun.data;
    const adopted: Draft = {
      type: 'run.adopted',
      actor: 'person:ana',
      data: { playbook, turns: [], indexes: {}, difference: ['ban: with changed'], reason: 'a typo', by: 'ana' },
    };
    expect(reportOf([adopted])).toContain(
      'Playbook changed: ana had the run go on with it: a typo (ban: with changed)',
    );
  });
});

describe('a called playbook in the report', () => {
  it('stands before the titles of its steps', () => {
    const model = modelOf([
      opened('restart', 'call', 'Restart the shop'),
      opened('restart/g', 'group', 'G'),
      opened('restart/g/stop', 'uses', 'Stop'),
      failed('restart/g/stop', 'no', 'continue'),
      done('restart/g'),
      done('restart'),
    ]);
    expect(model.notDone).toEqual([{ title: 'Restart the shop: Stop', what: 'failed: no' }]);
    expect(texts(model)).toEqual(
      expect.arrayContaining(['Restart the shop: Stop: failed: no', 'Restart the shop: done']),
    );
  });
});

describe('the short loop of a long report', () => {
  it('counts as long where it repeats a long one', () => {
    const model = modelOf([
      opened('outer', 'loop', 'Outer', 0, { count: 3 }),
      ...Array.from({ length: 3 }, (_, at) => [
        ...looped(`outer[${at}]`, `Inner ${at}`, { index: at, count: 15, done: 15 }),
        done(`outer[${at}]`),
      ]).flat(),
      done('outer'),
    ]);
    expect(texts(model).slice(1)).toEqual([
      ...[0, 1, 2].map((at) => `Inner ${at}: done (15 done)`),
      'Outer: done (3 done)',
    ]);
  });
});
