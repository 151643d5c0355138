// How a plan follows calls, failures and ends, and what it says of approvals, limits and secrets.
import { expect, test } from 'vitest';
import { defineAction, PermanentFailure, TargetsUnknown } from '../../engine/action.ts';
import { nobody } from '../../engine/run/people.ts';
import { act, banner, byPath, dryRun, playbook, reader, verdicts } from './preview/dry-run.ts';

const find = reader('test.find', async () => ({ users: ['u1', 'u2', 'u3'], count: 3 }));
const broken = reader('test.broken', async () => {
  throw new PermanentFailure('no answer');
});

const CALLED = `apiVersion: runbook/v1
name: called
title: Called
inputs:
  users: { type: array, items: { type: string } }
  note: { type: string, default: none }
vars:
  total: "\${{ size(inputs.users) }}"
  text: "note: \${{ inputs.note }}"
steps:
  - { id: say, title: Say, uses: test.echo, with: { value: "\${{ vars.text }}" } }
  - { id: ban, title: Ban, when: vars.total > 0, uses: test.ban, with: { users: "\${{ inputs.users }}" } }
finally:
  - { id: last, title: Last, uses: test.echo, with: { value: "\${{ string(vars.total) }}" } }
outputs:
  said: "\${{ steps.say.output.value }}"
  total: "\${{ vars.total }}"
`;

test('a called playbook is walked with its inputs, vars, outputs and finally', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - { id: sub, title: Sub, playbook: called, with: { users: "\${{ steps.find.output.users }}" } }
  - { id: after, title: After, uses: test.echo, with: { value: "\${{ steps.sub.output.said }}" } }
`),
    { actions: [find, banner()], calls: { called: CALLED } },
  );
  expect(verdicts(result)).toEqual({
    find: 'runs',
    sub: 'runs',
    'sub/say': 'runs',
    'sub/ban': 'runs',
    'sub/finally': 'runs',
    'sub/finally/last': 'runs',
    after: 'runs',
  });
  const steps = byPath(result);
  expect(steps.get('sub')?.call).toEqual({ playbook: 'called', inputs: { users: ['u1', 'u2', 'u3'], note: 'none' } });
  expect(steps.get('after')?.action?.output).toEqual({ value: 'note: none' });
  expect(result.unknowns).toEqual([]);
});

test('an input of a call that is not known makes unknown what hangs on it, through vars and outputs, and nothing else', async () => {
  const result = await dryRun(
    playbook(`  - { id: find, title: Find, uses: test.find }
  - { id: first, title: First, uses: test.ban, with: { users: [u9] } }
  - id: sub
    title: Sub
    playbook: called
    with: { users: "\${{ steps.find.output.users }}", note: "\${{ string(steps.first.output.banned) }}" }
  - { id: amount, title: Amount, uses: test.echo, with: { value: "\${{ string(steps.sub.output.total) }}" } }
  - { id: said, title: Said, uses: test.echo, with: { value: "\${{ steps.sub.output.said }}" } }
`),
    { actions: [find, banner()], calls: { called: CALLED } },
  );
  expect(verdicts(result)).toMatchObject({
    sub: 'runs',
    'sub/say': 'open',
    'sub/ban': 'runs',
    'sub/finally/last': 'runs',
    amount: 'runs',
    said: 'open',
  });
  const steps = byPath(result);
  expect(steps.get('sub')?.call?.inputs).toEqual({ users: ['u1', 'u2', 'u3'] });
  expect(steps.get('amount')?.action?.output).toEqual({ value: '3' });
  expect(result.unknowns.map(({ path, what }) => `${path}: ${what}`)).toEqual([
    'sub: the input note',
    'sub/say: the input value',
    'said: the input value',
  ]);
});

test('a call in a loop whose list is not known is shown once, and its own known loop in full', async () => {
  const looping = `apiVersion: runbook/v1
name: looping
title: Looping
inputs:
  names: { type: array, items: { type: string } }
steps:
  - { id: each, title: Each, forEach: inputs.names, uses: test.echo, with: { value: "\${{ item }}" } }
`;
  const result = await dryRun(
    playbook(`  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
  - id: outer
    title: Outer
    forEach: "steps.ban.output.banned > 0 ? ['x'] : ['y']"
    playbook: looping
    with: { names: [a, b] }
`),
    { actions: [banner()], calls: { looping } },
  );
  expect(verdicts(result)).toEqual({
    ban: 'runs',
    outer: 'runs',
    'outer[]': 'runs?',
    'outer[]/each': 'runs?',
    'outer[]/each[0]': 'runs?',
    'outer[]/each[1]': 'runs?',
  });
  expect(byPath(result).get('outer[]/each[1]')?.action?.output).toEqual({ value: 'b' });
});

test('a failure under abort ends the plan there, and finally is still shown', async () => {
  const result = await dryRun(
    `${playbook(`  - { id: probe, title: Probe, uses: test.broken, onFailure: abort }
  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
`)}finally:
  - { id: tell, title: Tell, uses: test.echo }
`,
    { actions: [broken, banner()] },
  );
  expect(verdicts(result)).toEqual({ probe: 'fails', ban: 'unreached', finally: 'runs', 'finally/tell': 'runs' });
  expect(byPath(result).get('probe')?.why).toBe('no answer [E_ACTION_FAILED]');
  expect(result.totals).toEqual([]);
  expect(result.unknowns).toEqual([]);
});

test('a failure under continue is known; under pause a person decides, and what follows is shown', async () => {
  const steps = (onFailure: string): string =>
    playbook(`  - { id: probe, title: Probe, uses: test.broken, onFailure: ${onFailure} }
  - { id: bad, title: Bad, when: steps.probe.status == 'failed', uses: test.echo }
`);
  const known = await dryRun(steps('continue'), { actions: [broken] });
  expect(verdicts(known)).toEqual({ probe: 'fails', bad: 'runs' });
  expect(known.unknowns).toEqual([]);
  const open = await dryRun(steps('pause'), { actions: [broken] });
  expect(verdicts(open)).toEqual({ probe: 'fails', bad: 'runs?' });
  expect(open.unknowns[0]).toMatchObject({ path: 'probe', what: 'what a person decides: the run would stop here' });
});

test('a read that fails after a planned change may go better in the run', async () => {
  const result = await dryRun(
    playbook(`  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
  - { id: probe, title: Probe, uses: test.broken, onFailure: abort }
  - { id: after, title: After, uses: test.echo }
`),
    { actions: [broken, banner()] },
  );
  expect(verdicts(result)).toEqual({ ban: 'runs', probe: 'fails', after: 'runs' });
  expect(result.unknowns[0]).toMatchObject({ path: 'probe', what: 'whether it fails in the run too' });
});

test('a step is tried again as its retry says', async () => {
  let tries = 0;
  const shaky = reader('test.shaky', async () => {
    tries += 1;
    if (tries < 3) throw new Error('busy');
    return { users: [], count: tries };
  });
  const result = await dryRun(
    playbook('  - { id: shaky, title: Shaky, uses: test.shaky, retry: { attempts: 3, delay: 1ms } }\n'),
    { actions: [shaky] },
  );
  expect(byPath(result).get('shaky')?.action?.output).toEqual({ users: [], count: 3 });
});

test('a read that takes longer than its timeout is cut off', async () => {
  const stuck = reader('test.stuck', () => new Promise(() => undefined));
  const result = await dryRun(playbook('  - { id: stuck, title: Stuck, uses: test.stuck, timeout: 10ms }\n'), {
    actions: [stuck],
  });
  expect(byPath(result).get('stuck')).toMatchObject({ verdict: 'fails' });
  expect(byPath(result).get('stuck')?.why).toContain('E_STEP_TIMEOUT');
});

test('a plan that is given up ends at once, with the reason', async () => {
  const controller = new AbortController();
  const stuck = reader('test.stuck', () => {
    controller.abort(new Error('enough'));
    return new Promise(() => undefined);
  });
  const planning = dryRun(playbook('  - { id: stuck, title: Stuck, uses: test.stuck }\n'), {
    actions: [stuck],
    stop: controller.signal,
  });
  await expect(planning).rejects.toThrow('enough');
});

test('limits are counted over the whole run, owners among them, the stricter of playbook and config', async () => {
  const result = await dryRun(
    playbook(
      `  - { id: one, title: One, uses: test.ban, with: { users: [u1, u2] } }
  - { id: two, title: Two, uses: test.ban, with: { users: [u2, u3] }, approval: { by: 1, role: security } }
`,
      'limits: { user: 10, org: 5 }\n',
    ),
    {
      actions: [banner([], 'acme')],
      rules: { limits: { user: 2 }, protect: { ids: [], emails: [], domains: [], metadata: [] } },
    },
  );
  expect(result.limits).toEqual([
    { kind: 'user', limit: 2, count: 3, isExceeded: true },
    { kind: 'org', limit: 5, count: 1, isExceeded: false },
  ]);
  expect(byPath(result).get('one')?.action?.limits).toEqual([]);
  expect(byPath(result).get('two')?.action?.limits).toEqual([{ kind: 'user', limit: 2, count: 3 }]);
  expect(result.approvals).toEqual([
    { path: 'two', by: 1, role: 'security' },
    { path: 'two', by: 1, role: 'security', limits: [{ kind: 'user', limit: 2, count: 3 }] },
  ]);
});

test('an action that cannot tell its targets says so, and its step is not counted', async () => {
  const blind = act(async () => {
    throw new TargetsUnknown('the script chooses them');
  });
  const result = await dryRun(playbook('  - { id: blind, title: Blind, uses: test.act }\n'), { actions: [blind] });
  expect(byPath(result).get('blind')?.action?.targetsUnknown).toBe('the script chooses them');
  expect(result.uncounted).toEqual(['blind']);
  expect(result.unknowns).toEqual([{ path: 'blind', what: 'what it would change', why: 'the script chooses them' }]);
});

test('secrets stand as references in what is shown, and as values in what the action is given', async () => {
  let given: unknown;
  const action = defineAction({
    name: 'test.secret',
    title: 'Secret',
    effect: 'read',
    idempotent: true,
    input: { type: 'object', properties: { token: { type: 'string' }, users: {} }, additionalProperties: false },
    output: {},
    async run(input) {
      given = input;
      return { echoed: input.token } as never;
    },
  });
  const result = await dryRun(
    playbook(
      `  - { id: use, title: Use, uses: test.secret, with: { token: "\${{ secrets.API_TOKEN }}" } }
  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
  - id: late
    title: Late
    uses: test.secret
    with: { token: "\${{ secrets.API_TOKEN }}", users: "\${{ steps.ban.output.banned }}" }
`,
      'requires: { secrets: [API_TOKEN] }\n',
    ),
    { actions: [action, banner()], env: { API_TOKEN: 'very-secret-value-1' } },
  );
  expect(given).toEqual({ token: 'very-secret-value-1' });
  expect(byPath(result).get('use')?.action?.inputs).toEqual({ token: '[secret:API_TOKEN]' });
  expect(byPath(result).get('late')?.action?.inputs).toEqual({
    token: '[secret:API_TOKEN]',
    users: '${{ steps.ban.output.banned }}',
  });
  expect(JSON.stringify(result)).not.toContain('very-secret-value-1');
});

test('a secret that is missing is said before anything is read', async () => {
  let reads = 0;
  const counting = reader('test.counting', async () => {
    reads += 1;
    return { users: [], count: 0 };
  });
  const planning = dryRun(
    playbook('  - { id: a, title: A, uses: test.counting }\n', 'requires: { secrets: [API_TOKEN] }\n'),
    { actions: [counting] },
  );
  await expect(planning).rejects.toMatchObject({ code: 'E_SECRET_MISSING' });
  expect(reads).toBe(0);
});

test('undo, temporary changes and waived approvals are told', async () => {
  const result = await dryRun(
    playbook(`  - id: ban
    title: Ban
    uses: test.ban
    with: { users: [u1] }
    temporary: 2h
    approval: { none: It must not wait }
  - id: act
    title: Act
    uses: test.act
    undo: { uses: test.echo, with: { value: back } }
`),
    {
      actions: [
        banner(),
        act(async (ctx) => ctx.change({ kind: 'thing', id: 't', verb: 'set', after: {} }, async () => 1)),
      ],
    },
  );
  const steps = byPath(result);
  expect(steps.get('ban')?.action).toMatchObject({
    undo: 'action',
    temporaryMs: 7_200_000,
    approvalWaived: 'It must not wait',
  });
  expect(steps.get('act')?.action).toMatchObject({ undo: 'test.echo' });
});

test('outputs of the playbook are told as far as they are known', async () => {
  const result = await dryRun(
    `${playbook(`  - { id: find, title: Find, uses: test.find }
  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1] } }
`)}outputs:
  found: "\${{ steps.find.output.count }}"
  banned: "\${{ steps.ban.output.banned }}"
`,
    { actions: [find, banner()] },
  );
  expect(result.outputs).toMatchObject([
    { name: 'found', value: 3 },
    { name: 'banned', why: expect.stringContaining('steps.ban.output') },
  ]);
  expect(result.outputs[1]).not.toHaveProperty('value');
  expect(result.unknowns).toEqual([]);
});

test('protected targets are told, with the rule, and are none of those that would be changed', async () => {
  const protect = { ids: ['u2'], emails: [], domains: [], metadata: [] };
  const result = await dryRun(playbook('  - { id: ban, title: Ban, uses: test.ban, with: { users: [u1, u2] } }\n'), {
    actions: [banner()],
    rules: { limits: {}, protect },
  });
  const kept = byPath(result)
    .get('ban')
    ?.action?.changes.find(({ outcome }) => outcome === 'protected');
  expect(kept?.targets).toMatchObject([{ id: 'u2', error: 'protected: its id is protected' }]);
  expect(result.totals).toMatchObject([{ count: 1, protected: 1 }]);
});

test('an action that works through owners names them: they count against limits', async () => {
  const sweeping = act(async (ctx) => {
    for (const id of await ctx.expect({ kind: 'user', ids: ['u1', 'u2'], verb: 'sign out' }))
      await ctx.change(
        { kind: 'session', id: `s-${id}`, owner: { kind: 'user', id }, verb: 'end', after: {} },
        async () => 1,
      );
  });
  const result = await dryRun(playbook('  - { id: out, title: Out, uses: test.act }\n', 'limits: { user: 1 }\n'), {
    actions: [sweeping],
  });
  expect(byPath(result).get('out')?.action?.expected).toEqual([{ verb: 'sign out', kind: 'user', ids: ['u1', 'u2'] }]);
  expect(result.limits).toEqual([{ kind: 'user', limit: 1, count: 2, isExceeded: true }]);
  expect(result.totals).toMatchObject([
    { verb: 'end', kind: 'session', count: 2, owners: [{ kind: 'user', count: 2 }] },
  ]);
});

const login = defineAction({
  name: 'test.login',
  title: 'Log in',
  effect: 'read',
  idempotent: true,
  input: { type: 'object', properties: { token: { type: 'string' } }, additionalProperties: false },
  output: {
    type: 'object',
    properties: { length: { type: 'integer' } },
    required: ['length'],
    additionalProperties: false,
  },
  async run({ token }) {
    return { length: (token ?? '').length };
  },
});

test('a secret input reaches the action, and a handle stands for it in the plan', async () => {
  const result = await dryRun(
    playbook(
      '  - { id: login, title: Log in, uses: test.login, with: { token: "${{ inputs.token }}" } }\n',
      'inputs: { token: { type: string, secret: true } }\n',
    ),
    { actions: [login], inputs: { token: 'a-long-secret-token' } },
  );
  const step = byPath(result).get('login');
  expect(step?.action).toMatchObject({ inputs: { token: '[secret:inputs.token]' }, output: { length: 19 } });
  expect(result.inputs).toEqual({ token: '[secret:inputs.token]' });
  expect(JSON.stringify(result)).not.toContain('a-long-secret-token');
});

test('a secret that a person answers is known where it was answered beforehand, and never shown', async () => {
  const yaml = playbook(`  - { id: ask, title: Ask, manual: Token?, fields: { token: { type: string, secret: true } } }
  - { id: login, title: Log in, uses: test.login, with: { token: "\${{ steps.ask.output.token }}" } }
`);
  const answered = await dryRun(yaml, {
    actions: [login],
    people: {
      ...nobody,
      manual: async () => ({ kind: 'answered', actor: 'person:ana', fields: { token: 'a-long-secret-token' } }),
    },
  });
  expect(byPath(answered).get('login')?.action?.output).toEqual({ length: 19 });
  expect(JSON.stringify(answered)).not.toContain('a-long-secret-token');
  const open = await dryRun(yaml, { actions: [login] });
  expect(verdicts(open)).toEqual({ ask: 'asks', login: 'open' });
});
