import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Json, Schema } from '../../engine/json.ts';
import type { DoubtRequest, FailureRequest, ManualRequest, OutputRequest, People } from '../../engine/run/people.ts';
import type { Change } from '../../engine/run/state.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { createStage } from '../../engine/ui/stage.ts';
import { createTerminalPeople } from '../../engine/ui/terminal-people.ts';
import { manual } from './events.ts';
import type { Keyboard } from './keyboard.ts';

const keyboard = vi.hoisted(() => ({ current: null as Keyboard | null }));
vi.mock('@inquirer/prompts', async (original) => {
  const { Keyboard } = await import('./keyboard.ts');
  keyboard.current = new Keyboard();
  return keyboard.current.wrap(await original<{ [name: string]: unknown }>());
});

const written: string[] = [];
let pauses = 0;
const people = (confirmsAll = false): People =>
  createTerminalPeople({
    stage: createStage({ hide: async () => undefined, show: () => undefined }),
    console: { write: (line) => written.push(line), columns: () => 80, rows: () => 24, palette: createPalette(false) },
    operator: 'ana',
    header: (path) => `Breach · ${path}`,
    onPause: () => {
      pauses += 1;
    },
    confirmsAll,
  });
const keys = (): Keyboard => {
  if (!keyboard.current) throw new Error('the prompts were not loaded');
  return keyboard.current;
};
const open = new AbortController().signal;
const actor = 'person:ana';

afterEach(() => {
  expect(keys().left).toEqual([]);
  written.length = 0;
  pauses = 0;
});

const schema: Schema = {
  type: 'object',
  properties: {
    users: { type: 'array', items: { type: 'string' } },
    limit: { type: 'integer', maximum: 10 },
    token: { type: 'string' },
  },
  required: ['users'],
};
const failure = (more: Partial<FailureRequest> = {}): FailureRequest => ({
  path: 'ban',
  title: 'Ban',
  error: { code: 'E', message: 'Clerk said no', hint: 'Ask them' },
  needsOutput: false,
  ...more,
});
const inputs = { value: { users: ['a', 'b'], limit: 5, token: '[secret:KEY]' }, schema };

describe('a failed step at the terminal', () => {
  it('is retried as it is', async () => {
    keys().press(['How to go on?', { choose: 'Retry the step' }]);
    expect(await people().failure(failure({ inputs }), open)).toEqual({
      kind: 'retry',
      actor,
      reason: 'retried at the terminal',
    });
    expect(written).toContain('  Clerk said no');
  });

  it('is retried with the inputs that were edited, and only with these', async () => {
    keys().press(
      ['How to go on?', { choose: 'Retry with edited inputs' }],
      ['Which input?', { choose: 'users:' }],
      ['users:', { choose: 'Remove some' }],
      ['users (space takes one out)', { mark: ['b'] }],
      ['Which input?', { choose: 'Run the step with these' }],
    );
    expect(await people().failure(failure({ inputs }), open)).toEqual({
      kind: 'retry',
      actor,
      reason: 'retried at the terminal',
      inputs: { users: ['a'] },
    });
  });

  it('goes from an edit to the step itself, and says how many inputs are below the page', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `input_${String(index).padStart(2, '0')}`);
    const many: Schema = {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'integer' }])),
    };
    keys().press(
      ['How to go on?', { choose: 'Retry with edited inputs' }],
      ['Which input?', { choose: 'input_01' }],
      ['input_01', '7'],
      ['Which input?', ''],
    );
    const value = Object.fromEntries(names.map((name) => [name, 1]));
    const answer = await people().failure(
      failure({ inputs: { value: { ...value, input_01: null }, schema: many } }),
      open,
    );
    expect(answer).toMatchObject({ kind: 'retry', inputs: { input_01: 7 } });
    expect(keys().drawn).toContain('more below');
  });

  it('takes a list whose entries hold commas as JSON, and says so', async () => {
    keys().press(
      ['How to go on?', { choose: 'Retry with edited inputs' }],
      ['Which input?', { choose: 'users:' }],
      ['JSON where one holds a comma', '["a, b","c"]'],
      ['Which input?', { choose: 'Run the step with these' }],
    );
    expect(
      await people().failure(failure({ inputs: { ...inputs, value: { ...inputs.value, users: [] } } }), open),
    ).toMatchObject({ kind: 'retry', inputs: { users: ['a, b', 'c'] } });
  });

  it('takes edited inputs as JSON, says what does not fit, and keeps secrets out of it', async () => {
    keys().press(
      ['How to go on?', { choose: 'Retry with edited inputs' }],
      ['Which input?', { choose: 'All of them as JSON' }],
      ['inputs:', '[1]'],
      ['Which input?', { choose: 'All of them as JSON' }],
      ['inputs:', '{"users":["a","b"],"limit":50,"token":"[secret:OTHER]"}'],
      ['Which input?', { choose: 'Run the step with these' }],
      ['Which input?', { choose: 'limit:' }],
      ['limit:', '7'],
      ['Which input?', { choose: 'Run the step with these' }],
    );
    const answer = await people().failure(
      failure({ inputs: { ...inputs, value: { ...inputs.value, limit: 1 } } }),
      open,
    );
    expect(answer).toMatchObject({ kind: 'retry', inputs: { limit: 7 } });
    expect(answer).not.toHaveProperty('inputs.token');
    expect(written.join('\n')).toMatch(/limit: must be/);
    expect(written.join('\n')).toContain('The inputs are a map');
  });

  it('goes back from editing to the choices', async () => {
    keys().press(
      ['How to go on?', { choose: 'Retry with edited inputs' }],
      ['Which input?', { choose: 'Back' }],
      ['How to go on?', { choose: 'Skip it' }],
      ['Why skip it?', 'done yesterday'],
    );
    expect(await people().failure(failure({ inputs }), open)).toEqual({
      kind: 'skip',
      actor,
      reason: 'done yesterday',
    });
  });

  it('asks for the output of what was done by hand, by its schema, until it fits', async () => {
    keys().press(
      ['How to go on?', { choose: 'I did it by hand' }],
      ['What did you do?', 'banned them in the dashboard'],
      ['The output of the step', { choose: 'Give it as JSON' }],
      ['output:', '{"limit":3}'],
      ['The output of the step', { choose: 'Give it, field by field' }],
      ['users', 'a,b'],
      ['limit', ''],
      ['token', ''],
    );
    expect(await people().failure(failure({ needsOutput: true, output: schema }), open)).toEqual({
      kind: 'done',
      actor,
      reason: 'banned them in the dashboard',
      output: { users: ['a', 'b'], limit: 3 },
    });
    expect(written.join('\n')).toContain('users');
  });

  it('does not ask again at once for an output that was put off', async () => {
    const terminal = people();
    keys().press(
      ['How to go on?', { choose: 'I did it by hand' }],
      ['What did you do?', 'by hand'],
      ['The output of the step', { choose: 'Later' }],
    );
    const answer = await terminal.failure(failure({ needsOutput: true, output: schema }), open);
    expect(answer).toEqual({ kind: 'done', actor, reason: 'by hand' });
    expect(await terminal.output({ path: 'ban', title: 'Ban', schema, check: () => [] }, open)).toEqual({
      kind: 'later',
    });
  });

  it('that is the run itself, out of time, can only be gone on with, paused or aborted', async () => {
    keys().press(['How to go on?', { choose: 'Pause the run here' }]);
    expect(await people().failure(failure({ path: '', title: 'Breach', isRun: true }), open)).toEqual({
      kind: 'later',
    });
    expect(pauses).toBe(1);
    expect(keys().drawn).toContain('Go on with the run');
    expect(keys().drawn).not.toMatch(/Skip|by hand|Retry/);
  });
});

describe('a manual step at the terminal', () => {
  const step = manual('keys', 'Reset keys', 0);
  const request = (check: ManualRequest['check'] = (fields) => ({ fields })): ManualRequest => ({
    step,
    path: 'keys',
    text: 'Look for keys.',
    defaults: {},
    check,
  });

  it('records no yes or no that nobody said: Enter alone is refused', async () => {
    keys().press(['This step is yours', { choose: 'Answer it' }], ['exposed', ['', 'y']], ['Note', '']);
    expect(await people().manual(request(), open)).toMatchObject({ kind: 'answered', fields: { exposed: true } });
    expect(keys().drawn).toContain('Answer y or n');
    expect(keys().drawn).not.toContain('y/N');
  });

  it.each([
    ['fail', 'It failed', 'What went wrong?'],
    ['skip', 'Skip', 'Why skip it?'],
  ])('can be left with %s where the honest answer does not pass', async (kind, choice, question) => {
    keys().press(
      ['This step is yours', { choose: 'Answer it' }],
      ['exposed', 'n'],
      ['These answers do not pass', { choose: 'Change' }],
      ['exposed', '\u0015'],
      ['These answers do not pass', { choose: choice }],
      [question, 'there was none'],
    );
    const answer = await people().manual(
      request(() => ({ problems: ['assert does not hold: output.exposed'] })),
      open,
    );
    expect(answer).toEqual({ kind, actor, reason: 'there was none' });
    expect(written).toContain('  assert does not hold: output.exposed');
  });
});

describe('an approval at the terminal', () => {
  const step = manual('ban', 'Ban', 0);
  const request = { request: 1, uses: 'x.y', inputs: {}, inputsDigest: '', by: 0, counts: [] };

  it('is not asked for where the operator confirms all, unless a limit would be passed', async () => {
    keys().press(['Go ahead?', 'n'], ['Why not?', 'too many']);
    const terminal = people(true);
    expect(await terminal.approval({ step, path: 'ban', request }, open)).toEqual({ kind: 'given', actor });
    const limits = [{ kind: 'user', limit: 50, count: 51 }];
    expect(await terminal.approval({ step, path: 'ban', request: { ...request, limits } }, open)).toEqual({
      kind: 'denied',
      actor,
      reason: 'too many',
    });
    expect(written).toContain('  over a limit: the run would touch 51 users, the limit is 50');
  });
});

describe('an output that a later step needs', () => {
  const request = (output: Schema, check: OutputRequest['check'] = () => []): OutputRequest => ({
    path: 'find',
    title: 'Find',
    schema: output,
    check,
  });

  it('is asked for until the engine finds nothing wrong with it', async () => {
    const check = (output: Json): string[] => (output === 3 ? [] : ['must be 3']);
    keys().press(
      ['The output of the step', { choose: 'Give it' }],
      ['output', '2'],
      ['The output of the step', { choose: 'Give it' }],
      ['output', '\u00153'],
    );
    expect(await people().output(request({ type: 'integer' }, check), open)).toEqual({
      kind: 'given',
      actor,
      output: 3,
    });
    expect(written).toContain('  must be 3');
  });

  it('can wait', async () => {
    keys().press(['The output of the step', { choose: 'Later' }]);
    expect(await people().output(request(schema), open)).toEqual({ kind: 'later' });
    expect(pauses).toBe(0);
  });
});

describe('changes in doubt at the terminal', () => {
  const change = (id: string, more: Partial<Change> = {}): Change => ({
    key: id,
    step: 'ban',
    kind: 'user',
    id,
    verb: 'ban',
    round: 0,
    seq: 12,
    outcome: 'unknown',
    ...more,
  });
  const request: DoubtRequest = {
    path: 'ban',
    title: 'Ban',
    doubt: { kind: 'user', verb: 'ban', round: 0, ids: ['a', 'b'] },
    changes: [
      change('a', { error: 'socket hang up', intendedAt: '2026-05-12T03:04:05.678Z', before: { banned: false } }),
      change('b'),
    ],
  };

  it('are shown with all that is known of each, and settled together with a reason', async () => {
    keys().press(['What became of it?', { choose: 'It happened' }], ['How do you know', 'seen in the dashboard']);
    expect(await people().doubt(request, open)).toEqual({ kind: 'done', actor, reason: 'seen in the dashboard' });
    const shown = written.join(' ').replace(/\s+/g, ' ');
    expect(shown).toContain(
      '- ban user a: intended at 2026-05-12 03:04:05Z; then socket hang up; it was {"banned":false}',
    );
    expect(shown).toContain('- ban user b: intended at journal event 12');
  });

  it.each([
    ['repeat', 'It did not', 'Why may it be sent again?'],
    ['skip', 'Leave it as it is', 'Why leave it'],
  ])('can be settled with %s for some of them', async (kind, choice, question) => {
    keys().press(
      ['What became of it?', { choose: 'Say it of some' }],
      ['Which of them?', { mark: ['b'] }],
      ['What became of these 1?', { choose: choice }],
      [question, 'because'],
    );
    expect(await people().doubt(request, open)).toEqual({ kind, actor, reason: 'because', ids: ['b'] });
  });

  it('leave the run paused where nobody knows', async () => {
    keys().press(['What became of it?', { choose: 'Pause' }]);
    expect(await people().doubt(request, open)).toEqual({ kind: 'later' });
    expect(pauses).toBe(1);
  });
});

describe('a secret at the terminal', () => {
  const request = { path: 'ban', name: 'inputs.token', description: 'From the vault' };
  it('is typed unseen', async () => {
    keys().press(['inputs.token', 'hunter2-hunter2']);
    expect(await people().secret(request, open)).toEqual({ kind: 'given', value: 'hunter2-hunter2' });
    expect(keys().drawn + written.join('')).not.toContain('hunter2');
    expect(written).toContain('  From the vault');
  });
  it('can wait', async () => {
    keys().press(['inputs.token', '']);
    expect(await people().secret(request, open)).toEqual({ kind: 'later' });
  });
});

describe('a step that is confirmed before it runs', () => {
  const request = { path: 'ban', title: 'Ban' };
  it('goes, is skipped with a reason, or pauses the run', async () => {
    keys().press(
      ['Next: Ban', { choose: 'Go' }],
      ['Next: Ban', { choose: 'Skip it' }],
      ['Why skip it?', 'not needed'],
      ['Next: Ban', { choose: 'Pause' }],
    );
    const terminal = people();
    expect(await terminal.confirm(request, open)).toEqual({ kind: 'go', actor });
    expect(await terminal.confirm(request, open)).toEqual({ kind: 'skip', actor, reason: 'not needed' });
    expect(await terminal.confirm(request, open)).toEqual({ kind: 'later' });
    expect(pauses).toBe(1);
  });
  it('needs no word where the operator confirms all', async () => {
    keys().press();
    expect(await people(true).confirm(request, open)).toEqual({ kind: 'go', actor });
  });
});

describe('a temporary change at the end of a run', () => {
  const request = {
    path: 'open',
    title: 'Open the bypass',
    changes: [{ kind: 'rule', id: 'r1', verb: 'allow' } as Change],
  };
  it('is taken back, or kept with a reason', async () => {
    keys().press(
      ['The run is ending', { choose: 'Take it back' }],
      ['The run is ending', { choose: 'Keep it' }],
      ['Why keep it?', 'until Monday'],
    );
    const terminal = people();
    expect(await terminal.temporary(request, open)).toEqual({ kind: 'undo', actor });
    expect(await terminal.temporary(request, open)).toEqual({ kind: 'keep', actor, reason: 'until Monday' });
    expect(written).toContain('  - allow rule r1');
  });
});
