// `secret: true`: the value reaches the action that needs it, and stands in nothing that is written or shown.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Action, defineAction } from '../../engine/action.ts';
import type { Json, JsonObject } from '../../engine/json.ts';
import type { Draft } from '../../engine/run/events.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';

const TOKEN = 'tok-3fPq-very-hidden';
const SECRET = { type: 'string', secret: true } as const;
const ACTOR = 'person:ana' as const;

let world: World;
afterEach(() => world.close());

/** Takes anything, and remembers it. */
function taker(): { readonly action: Action; readonly taken: Json[] } {
  const taken: Json[] = [];
  const action = defineAction({
    name: 'test.take',
    title: 'Take',
    effect: 'read',
    idempotent: true,
    input: { type: 'object', additionalProperties: true },
    output: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false },
    async run(input) {
      taken.push(input as unknown as Json);
      return { ok: true };
    },
  });
  return { action, taken };
}

const MINTED = {
  type: 'object',
  properties: {
    token: SECRET,
    keys: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: { type: 'string' }, value: SECRET },
        required: ['id', 'value'],
        additionalProperties: false,
      },
    },
    count: { type: 'integer' },
  },
  required: ['token', 'keys', 'count'],
  additionalProperties: false,
} as const;

function minter(give: () => JsonObject): Action {
  return defineAction({
    name: 'test.mint',
    title: 'Mint',
    effect: 'read',
    idempotent: true,
    input: { type: 'object', additionalProperties: false },
    output: MINTED,
    run: async () => give() as never,
  });
}

/** Every byte the store has. */
function storeText(): string {
  const folder = dirname(world.file);
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name)).toString('latin1'))
    .join('\n');
}

/** Gives secrets by name, counting how often each was asked. */
function giving(values: { readonly [name: string]: string }, asked: string[] = []): People {
  return {
    ...nobody,
    async secret({ name }) {
      asked.push(name);
      const value = values[name];
      return value === undefined ? { kind: 'later' } : { kind: 'given', value };
    },
  };
}

const INPUT = 'inputs:\n  token: { type: string, secret: true, description: Of the bot }\n  name: { type: string }\n';
const USE = `  - id: use
    uses: test.take
    with: { auth: "Bearer \${{ inputs.token }}", token: "\${{ inputs.token }}", name: "\${{ inputs.name }}" }
`;

describe('a secret input', () => {
  test('reaches the action whole and inside text, and events hold its handle', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const { state, runId } = await world.start(playbook(USE, INPUT), { inputs: { token: TOKEN, name: 'ana' } });
    expect(state.outcome).toBe('done');
    expect(taken).toEqual([{ auth: `Bearer ${TOKEN}`, token: TOKEN, name: 'ana' }]);
    const [created] = ofType(await world.events(runId), 'run.created');
    expect(created?.data.inputs).toEqual({ token: '[secret:inputs.token]', name: 'ana' });
    const [started] = ofType(await world.events(runId), 'attempt.started');
    expect(started?.data.inputs).toEqual({
      auth: 'Bearer [secret:inputs.token]',
      token: '[secret:inputs.token]',
      name: 'ana',
    });
    expect(storeText()).not.toContain(TOKEN);
  });

  test('is not what somebody says who calls himself by its handle', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const name = '[secret:inputs.token]';
    await world.start(playbook(USE, INPUT), { inputs: { token: TOKEN, name } });
    expect(taken).toEqual([{ auth: `Bearer ${TOKEN}`, token: TOKEN, name }]);
  });

  test.each(['[secret:inputs.token]', 'inputs.token'])('may itself be spelt like its handle: %s', async (token) => {
    const { action, taken } = taker();
    world = await openWorld(action);
    await world.start(playbook(USE, INPUT), { inputs: { token, name: 'ana' } });
    expect(taken).toMatchObject([{ token }]);
  });

  test('is asked for again by another process, once, and only where it is used', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const steps = `${USE}  - id: ask\n    manual: Wait\n${USE.replace('id: use', 'id: again')}  - id: plain\n    uses: test.take\n    with: { name: "\${{ inputs.name }}" }\n`;
    const given = { inputs: { token: TOKEN, name: 'ana' } };
    const { runId, plan } = await world.start(playbook(steps, INPUT), given);
    expect(taken).toHaveLength(1);
    const asked: string[] = [];
    const people: People = {
      ...giving({ 'inputs.token': TOKEN }, asked),
      manual: async () => ({ kind: 'answered', actor: ACTOR, fields: {} }),
    };
    const { state } = await world.resume(runId, plan, { people });
    expect(state.outcome).toBe('done');
    expect(asked).toEqual(['inputs.token']);
    expect(taken.at(1)).toEqual({ auth: `Bearer ${TOKEN}`, token: TOKEN, name: 'ana' });
    expect(storeText()).not.toContain(TOKEN);
  });

  test('that nobody gives again makes the run wait, whose end names it, with no event of an attempt', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const steps = `  - id: ask\n    manual: Wait\n${USE}    timeout: 50ms\n`;
    const { runId, plan } = await world.start(playbook(steps, INPUT), { inputs: { token: TOKEN, name: 'ana' } });
    const manual: People['manual'] = async () => ({ kind: 'answered', actor: ACTOR, fields: {} });
    const waiting = await world.resume(runId, plan, { people: { ...nobody, manual }, waitsForOthers: true });
    expect(waiting.end).toMatchObject({
      status: 'waiting',
      waitsFor: ['use: the secret inputs.token'],
      localWaits: [{ path: 'use', text: 'the secret inputs.token' }],
    });
    expect(ofType(await world.events(runId), 'attempt.started')).toEqual([]);
    expect(taken).toEqual([]);
    const { state } = await world.resume(runId, plan, { people: giving({ 'inputs.token': TOKEN }) });
    expect(state.outcome).toBe('done');
    expect(taken).toHaveLength(1);
  });

  test('that is waited for does not keep an abort from ending the run', async () => {
    const { action } = taker();
    world = await openWorld(action);
    const steps = `  - id: ask\n    manual: Wait\n${USE}`;
    const { runId, plan } = await world.start(playbook(steps, INPUT), { inputs: { token: TOKEN, name: 'ana' } });
    const people: People = {
      ...nobody,
      manual: async () => ({ kind: 'answered', actor: ACTOR, fields: {} }),
      async secret(_request, signal) {
        const { seq } = await world.fold(runId);
        const abort: Draft = { type: 'abort.requested', actor: ACTOR, data: { reason: 'enough', by: 'ana' } };
        await world.journal.append({ runId, since: seq, fence: null, drafts: [abort] });
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
        return { kind: 'later' };
      },
    };
    const { state } = await world.resume(runId, plan, { people, waitsForOthers: true });
    expect(state.outcome).toBe('aborted');
  });

  test('stays itself where a person edits other inputs and leaves its handle as it is shown', async () => {
    const { action, taken } = taker();
    let isFirst = true;
    const failing: Action = {
      ...action,
      async run(input, ctx) {
        if (isFirst) {
          isFirst = false;
          throw new Error('not yet');
        }
        return action.run(input, ctx);
      },
    };
    world = await openWorld(failing);
    const people: People = {
      ...nobody,
      failure: async ({ inputs }) => ({
        kind: 'retry',
        actor: ACTOR,
        reason: 'other name',
        inputs: { ...(inputs?.value as JsonObject), name: 'bo' },
      }),
    };
    await world.start(playbook(USE, INPUT), { inputs: { token: TOKEN, name: 'ana' }, people });
    expect(taken).toEqual([{ auth: `Bearer ${TOKEN}`, token: TOKEN, name: 'bo' }]);
  });

  test('goes into called playbooks, inside text too, and follows from the caller in another process', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const key = 'inputs:\n  key: { type: string, secret: true, minLength: 10 }\n';
    const inner = playbook(
      '  - id: wait\n    manual: Wait\n  - id: use\n    uses: test.take\n    with: { key: "${{ inputs.key }}" }\n',
      key,
    );
    world.playbooks.set('inner', inner.replace('name: test', 'name: inner'));
    const steps = `  - id: each\n    forEach: "['a']"\n    playbook: inner\n    with: { key: "\${{ item }}:\${{ inputs.token }}:\${{ secrets.API_KEY }}" }\n`;
    const top = `${INPUT}requires: { secrets: [API_KEY] }\n`;
    const env = { API_KEY: 'api-key-of-the-bot' };
    const { runId, plan } = await world.start(playbook(steps, top), { inputs: { token: TOKEN, name: '' }, env });
    const opened = ofType(await world.events(runId), 'step.opened').find(({ step }) => step === 'each[0]');
    expect(opened?.data.inputs).toEqual({ key: '[secret:each[0].inputs.key]' });
    const asked: string[] = [];
    const people: People = {
      ...giving({ 'inputs.token': TOKEN }, asked),
      manual: async () => ({ kind: 'answered', actor: ACTOR, fields: {} }),
    };
    const { state } = await world.resume(runId, plan, { people, env });
    expect(state.outcome).toBe('done');
    expect(taken).toEqual([{ key: `a:${TOKEN}:api-key-of-the-bot` }]);
    expect(asked).toEqual(['inputs.token']);
    expect(storeText()).not.toContain(TOKEN);
    expect(storeText()).not.toContain('api-key-of-the-bot');
  });

  test('that a called playbook cannot take fails the call without showing it', async () => {
    world = await openWorld();
    const inner = playbook(
      '  - id: use\n    uses: test.echo\n',
      'inputs:\n  key: { type: string, secret: true, pattern: "^k-" }\n',
    );
    world.playbooks.set('inner', inner.replace('name: test', 'name: inner'));
    const steps = '  - id: call\n    playbook: inner\n    with: { key: "${{ inputs.token }}" }\n';
    const { state } = await world.start(playbook(steps, INPUT), { inputs: { token: TOKEN, name: '' } });
    expect(state.steps.get('call')?.error).toMatchObject({ code: 'E_CALL_INPUT' });
    expect(storeText()).not.toContain(TOKEN);
  });
});

describe('a secret field of a manual step', () => {
  const ASK = `  - id: ask
    manual: Type the new key
    fields:
      key: { type: string, secret: true, minLength: 10 }
      note: { type: string }
    assert: [has(output.key)]
`;
  const TAKE = '  - id: use\n    uses: test.take\n    with: { key: "k=${{ steps.ask.output.key }}" }\n';
  const answering = (fields: JsonObject): People => ({
    ...nobody,
    manual: async () => ({ kind: 'answered', actor: ACTOR, fields }),
  });

  test('is checked as itself, recorded as its handle, and used as itself', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const { state, runId } = await world.start(playbook(ASK + TAKE), {
      people: answering({ key: TOKEN, note: `it is ${TOKEN}` }),
    });
    expect(state.outcome).toBe('done');
    expect(taken).toEqual([{ key: `k=${TOKEN}` }]);
    const [answered] = ofType(await world.events(runId), 'manual.answered');
    expect(answered?.data.fields).toEqual({ key: '[secret:ask.key]', note: 'it is [redacted:ask.key]' });
    expect(storeText()).not.toContain(TOKEN);
  });

  test('that does not fit is refused without being recorded', async () => {
    world = await openWorld();
    const key = 'tooshort9';
    const { state } = await world.start(playbook(ASK), { people: answering({ key, note: 'x' }) });
    expect(state.steps.get('ask')?.phase).toBe('stopped');
    expect(storeText()).not.toContain(key);
  });

  test('that somebody recorded as it is, is not taken', async () => {
    world = await openWorld();
    const { runId, plan, state: before } = await world.start(playbook(ASK));
    const data = { fields: { key: 'something-else', note: 'x' }, evidence: [], by: 'ana' };
    const answer: Draft = { type: 'manual.answered', actor: ACTOR, step: 'ask', data };
    await world.journal.append({ runId, since: before.seq, fence: null, drafts: [answer] });
    const { state } = await world.resume(runId, plan);
    expect(state.steps.get('ask')?.error).toMatchObject({ code: 'E_MANUAL_ANSWER' });
  });

  test('is approved by its handle: the approval holds for another value given again', async () => {
    const { action, taken } = taker();
    world = await openWorld(action);
    const approved = TAKE.replace('    with', '    approval: {}\n    with').replace(
      'uses: test.take',
      'uses: test.take',
    );
    const { runId, plan } = await world.start(playbook(ASK + approved), {
      people: answering({ key: TOKEN, note: 'x' }),
    });
    const [request] = ofType(await world.events(runId), 'approval.requested');
    expect(request?.data.inputs).toEqual({ key: 'k=[secret:ask.key]' });
    const people: People = {
      ...giving({ 'ask.key': 'another-key-entirely' }),
      approval: async () => ({ kind: 'given', actor: 'person:bo' }),
    };
    const { state } = await world.resume(runId, plan, { people });
    expect(state.outcome).toBe('done');
    expect(taken.at(-1)).toEqual({ key: 'k=another-key-entirely' });
  });
});

describe('a secret in what an action gives', () => {
  test('is a handle in the output, goes on by `with` alone or in what holds it', async () => {
    const { action, taken } = taker();
    const value = { token: TOKEN, keys: [{ id: 'a', value: 'k' }], count: 1 };
    world = await openWorld(
      action,
      minter(() => value),
    );
    const steps = `  - id: make
    uses: test.mint
    until: output.count > 0
    every: 10ms
    timeout: 5s
    assert: ["output.keys.size() == 1"]
  - id: use
    uses: test.take
    with: { made: "\${{ steps.make.output.keys }}", header: "token \${{ steps.make.output.token }}" }
`;
    const { state, runId } = await world.start(playbook(steps));
    expect(state.outcome).toBe('done');
    expect(taken).toEqual([{ made: [{ id: 'a', value: 'k' }], header: `token ${TOKEN}` }]);
    const done = ofType(await world.events(runId), 'step.done').find(({ step }) => step === 'make');
    expect(done?.data.output).toEqual({
      value: {
        token: '[secret:make.token]',
        keys: [{ id: 'a', value: '[secret:make.keys[0].value]' }],
        count: 1,
      },
    });
    expect(storeText()).not.toContain(TOKEN);
  });

  test('of each item of a loop is its own', async () => {
    const { action, taken } = taker();
    let count = 0;
    world = await openWorld(
      action,
      minter(() => ({ token: `${TOKEN}-${count++}`, keys: [], count })),
    );
    const steps = `  - id: each
    forEach: "[1, 2]"
    steps:
      - id: make
        uses: test.mint
      - id: use
        uses: test.take
        with: { token: "\${{ steps.make.output.token }}" }
  - id: whole
    uses: test.take
    with: { list: "\${{ steps.each.output }}" }
`;
    const { state } = await world.start(playbook(steps));
    expect(state.outcome).toBe('done');
    expect(taken.slice(0, 2)).toEqual([{ token: `${TOKEN}-0` }, { token: `${TOKEN}-1` }]);
    expect(taken.at(2)).toMatchObject({
      list: [{ output: { make: { token: `${TOKEN}-0` } } }, { output: { make: { token: `${TOKEN}-1` } } }],
    });
    expect(storeText()).not.toContain(TOKEN);
  });

  test('that a person gives for it goes the same way', async () => {
    const { action, taken } = taker();
    world = await openWorld(
      action,
      minter(() => {
        throw new Error('no');
      }),
    );
    const steps =
      '  - id: make\n    uses: test.mint\n  - id: use\n    uses: test.take\n    with: { token: "${{ steps.make.output.token }}" }\n';
    const people: People = {
      ...nobody,
      failure: async () => ({
        kind: 'done',
        actor: ACTOR,
        reason: 'made by hand',
        output: { token: TOKEN, keys: [], count: 0 },
      }),
    };
    const { state } = await world.start(playbook(steps), { people });
    expect(state.outcome).toBe('done');
    expect(taken).toEqual([{ token: TOKEN }]);
    expect(storeText()).not.toContain(TOKEN);
  });
});

test('no byte of the store holds a secret, wherever the run puts it', async () => {
  const word = fc.stringMatching(/^[A-Za-z0-9"\\/+_ -]{10,40}$/).filter((text) => text.trim() === text);
  const secrets = fc.uniqueArray(word, { minLength: 3, maxLength: 3, selector: (text) => text.toLowerCase() });
  const place = fc.constantFrom('error', 'log', 'output', 'header', 'key', 'progress');
  await fc.assert(
    fc.asyncProperty(secrets, place, async ([input = '', field = '', minted = ''], where) => {
      const leaking = defineAction({
        name: 'test.leak',
        title: 'Leak',
        effect: 'read',
        idempotent: true,
        input: { type: 'object', additionalProperties: true },
        output: {},
        async run(given, ctx) {
          const { headers } = given as unknown as { readonly headers: JsonObject };
          const text = `it said ${JSON.stringify(headers)}`;
          if (where === 'error') throw new Error(text);
          if (where === 'log') ctx.log(text);
          if (where === 'progress') ctx.progress(1, 2, text);
          if (where === 'key') return { [text]: { deep: [headers] } } as never;
          return { headers, nested: [[text]], url: `https://x/?q=${encodeURIComponent(text)}` } as never;
        },
      });
      world = await openWorld(
        leaking,
        minter(() => ({ token: minted, keys: [], count: 1 })),
      );
      try {
        const steps = `  - id: ask
    manual: Type it
    fields:
      key: { type: string, secret: true }
  - id: make
    uses: test.mint
  - id: leak
    uses: test.leak
    onFailure: continue
    with:
      headers:
        a: "Bearer \${{ inputs.token }}"
        b: "\${{ steps.ask.output.key }}"
        c: "x\${{ steps.make.output.token }}"
`;
        const people: People = {
          ...nobody,
          manual: async () => ({ kind: 'answered', actor: ACTOR, fields: { key: field } }),
        };
        const { state, runId } = await world.start(playbook(steps, INPUT), {
          inputs: { token: input, name: 'n' },
          people,
        });
        expect(state.outcome).toBe('done');
        const journal = JSON.stringify(await world.events(runId));
        const bytes = storeText();
        for (const secret of [input, field, minted]) {
          expect(bytes).not.toContain(secret);
          expect(bytes).not.toContain(encodeURIComponent(secret));
          expect(journal).not.toContain(JSON.stringify(secret).slice(1, -1));
        }
      } finally {
        await world.close();
        world = await openWorld();
      }
    }),
    { numRuns: 15 },
  );
}, 60_000);
