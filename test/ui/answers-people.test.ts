import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunbookError } from '../../engine/errors.ts';
import type { Json, JsonObject } from '../../engine/json.ts';
import { type ManualRequest, nobody, type OutputRequest, type People } from '../../engine/run/people.ts';
import { parseAnswers } from '../../engine/ui/answers-file.ts';
import { createAnswersPeople } from '../../engine/ui/answers-people.ts';
import { call, group, loop, manual, planOf, uses } from './events.ts';

const plan = planOf([
  manual('review', 'Review', 0),
  uses('find', 'Find', 1),
  loop('each', 'Each', 2, group('each[]', 'Each', 0, [manual('each[]/check', 'Check', 0)])),
  call('other', 'Other', 3, { steps: [manual('other/confirm', 'Confirm', 0)] }),
]);
const people = (answers: JsonObject, fallback: People = nobody): People =>
  createAnswersPeople({
    answers: parseAnswers(answers, { file: 'answers.yaml', plan }),
    fallback,
    actor: 'person:ana',
  });

const asks = (path: string, more: Partial<ManualRequest> = {}): ManualRequest => ({
  step: manual(path, path, 0),
  path,
  text: '',
  defaults: {},
  check: (fields) => ({ fields }),
  ...more,
});
const wants = (check: OutputRequest['check'] = () => []): OutputRequest => ({
  path: 'find',
  title: 'Find',
  schema: {},
  check,
});
const open = new AbortController().signal;
const problemOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof RunbookError && error.code === 'E_ANSWERS_INVALID') return error.message;
    throw error;
  }
  return 'nothing was wrong';
};

describe('answers written down before a run', () => {
  it('answer manual steps as whoever gave the file', async () => {
    const answer = await people({ review: { fields: { exposed: true }, note: 'seen' } }).manual(asks('review'), open);
    expect(answer).toEqual({ kind: 'answered', actor: 'person:ana', fields: { exposed: true }, note: 'seen' });
  });

  it('skip a manual step with the reason they give', async () => {
    const answer = await people({ review: { skip: 'nobody affected' } }).manual(asks('review'), open);
    expect(answer).toEqual({ kind: 'skip', actor: 'person:ana', reason: 'nobody affected' });
  });

  it.each<[string, Json]>([
    ['a list', ['a']],
    ['null', null],
  ])('give the output that a later step reads, also where it is %s', async (_, output) => {
    expect(await people({ find: { output } }).output(wants(), open)).toEqual({
      kind: 'given',
      actor: 'person:ana',
      output,
    });
  });

  it('name a step by its instance, by all of them, or by its id, the nearest first', async () => {
    const answers = people({
      check: { fields: { by: 'id' } },
      'each[]/check': { fields: { by: 'all' } },
      'each[3]/check': { fields: { by: 'instance' } },
      confirm: { fields: { by: 'id' } },
    });
    const fieldsOf = async (path: string): Promise<unknown> => answers.manual(asks(path), open);
    expect(await fieldsOf('each[3]/check')).toMatchObject({ fields: { by: 'instance' } });
    expect(await fieldsOf('each[4]/check')).toMatchObject({ fields: { by: 'all' } });
    expect(await fieldsOf('other/confirm')).toMatchObject({ fields: { by: 'id' } });
  });

  it('are used once a step: asked again, the people behind are asked', async () => {
    const answers = people({ review: { fields: {} } });
    expect(await answers.manual(asks('review'), open)).toMatchObject({ kind: 'answered' });
    expect(await answers.manual(asks('review'), open)).toEqual({ kind: 'later' });
  });

  it('leave everything else to the people behind', async () => {
    const fallback: People = { ...nobody, secret: async () => ({ kind: 'given', value: 'x' }) };
    const answers = people({ review: { output: 1 } }, fallback);
    expect(await answers.manual(asks('review'), open)).toEqual({ kind: 'later' });
    expect(await answers.output(wants(), open)).toEqual({ kind: 'later' });
    expect(await answers.secret({ path: 'find', name: 'inputs.x' }, open)).toEqual({ kind: 'given', value: 'x' });
  });

  it('read the evidence they name, and are refused where a step needs some', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'runbook-')), 'list.csv');
    writeFileSync(file, 'a,b');
    const step = { ...manual('review', 'Review', 0), evidence: 'required' as const };
    const given = people({ review: { fields: {}, evidence: [file] } }).manual(asks('review', { step }), open);
    expect(await given).toMatchObject({ evidence: [{ name: 'list.csv', mediaType: 'text/csv' }] });
    const none = people({ review: { fields: {} } });
    expect(await problemOf(() => none.manual(asks('review', { step }), open))).toContain('review: the step needs');
    const gone = people({ review: { fields: {}, evidence: [`${file}.gone`] } });
    expect(await problemOf(() => gone.manual(asks('review', { step }), open))).toContain('review: cannot read');
  });

  it('that do not fit are an error that names the file and its key', async () => {
    const check = (): { problems: string[] } => ({ problems: ['Field `exposed` is missing'] });
    expect(await problemOf(() => people({ review: { fields: {} } }).manual(asks('review', { check }), open))).toBe(
      'The answers in answers.yaml do not fit: review: Field `exposed` is missing',
    );
    const output = people({ find: { output: 'x' } }).output(
      wants(() => ['must be a number']),
      open,
    );
    expect(await problemOf(() => output)).toBe('The answers in answers.yaml do not fit: find: must be a number');
  });

  it('are read whole before the run, and every mistake is told', async () => {
    const text = await problemOf(() =>
      people({
        reviw: { skip: 'x' },
        review: { exposed: true },
        find: { fields: {} },
        'each[0]/check': { fields: {}, skip: 'x' },
        other: { output: 1, note: 'x' },
        confirm: {},
        check: 'yes',
      }),
    );
    expect(text.split('\n').slice(1)).toEqual([
      '  reviw: the playbook breach has no such step (did you mean `review`?)',
      '  review: does not know the key exposed: fields of a manual step stand under `fields`',
      '  review: says neither `fields` nor `skip` nor `output`',
      '  find: is no manual step: only an `output` can be given for it',
      '  each[0]/check: says both `fields` and `skip`',
      '  other: `note` and `evidence` go with `fields`',
      '  confirm: says neither `fields` nor `skip` nor `output`',
      '  check: must be a map with `fields`, `note`, `evidence`, `skip`, `output`',
    ]);
  });
});
