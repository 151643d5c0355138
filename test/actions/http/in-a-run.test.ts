// http.request behind the real gate and ledger, in whole runs.
import { afterEach, beforeEach, expect, test } from 'vitest';
import request from '../../../actions/http/request.ts';
import { installGate } from '../../../engine/run/gate.ts';
import { nobody, type People } from '../../../engine/run/people.ts';
import { ofType, openWorld, playbook, type World } from '../../run/harness.ts';
import { reopen, takeBack } from '../../run/undo-world.ts';
import { serve } from '../local-server.ts';

let world: World;
let uninstall: () => void;
beforeEach(async () => {
  uninstall = installGate();
  world = await openWorld(request);
});
afterEach(async () => {
  uninstall();
  await world.close();
});

/** Takes every request and loses its first answers. */
async function siteThatLoses(answers: number): Promise<{ readonly url: string; readonly got: string[] }> {
  const got: string[] = [];
  const url = await serve((incoming, response) => {
    got.push(`${incoming.method} ${incoming.headers['idempotency-key'] ?? ''}`.trim());
    if (got.length <= answers) response.destroy();
    else response.end('{"id":7}');
  });
  return { url, got };
}

const step = (fields: string, more = ''): string =>
  playbook(`  - id: send
    title: Send
    uses: http.request
    effect: change
    target: { kind: item, id: one }
    retry: { attempts: 3, delay: 1ms }
    with: { ${fields}, parse: json }
${more}`);

test.for(['method: PUT', 'method: DELETE', 'method: POST, idempotent: true', 'method: POST, idempotencyKey: {}'])(
  '%s is sent again where its answer was lost, and its change is recorded once',
  async (fields) => {
    const { url, got } = await siteThatLoses(2);
    const { runId, end, state } = await world.start(step(`url: "${url}", ${fields}`));
    expect(end.status).toBe('done');
    expect(got).toHaveLength(3);
    expect(new Set(got).size).toBe(1);
    expect([...(state.changes.get('send')?.values() ?? [])]).toMatchObject([{ id: 'one', outcome: 'done' }]);
    const settled = ofType(await world.events(runId), 'change.settled').flatMap(({ data }) => data.results);
    expect(settled.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'done']);
  },
);

test.for(['method: POST', 'method: PATCH', 'method: PUT, idempotent: false'])(
  '%s whose answer was lost is not sent again by any retry',
  async (fields) => {
    const { url, got } = await siteThatLoses(2);
    const { end, state } = await world.start(step(`url: "${url}", ${fields}`));
    expect(end.status).not.toBe('done');
    expect(got).toHaveLength(1);
    expect([...(state.changes.get('send')?.values() ?? [])]).toMatchObject([{ id: 'one', outcome: 'unknown' }]);
  },
);

test.for([
  ['done', 'done', 1, 'done'],
  ['repeat', 'done', 2, 'done'],
  ['skip', 'failed', 1, 'skipped'],
] as const)('a lost POST that a person settles as %s', async ([kind, status, sent, outcome]) => {
  const { url, got } = await siteThatLoses(1);
  const people: People = {
    ...nobody,
    doubt: async () => ({ kind, actor: 'person:ana', reason: 'looked into the service' }),
  };
  const { end, state } = await world.start(step(`url: "${url}", method: POST`), { people });
  expect([end.status, got.length]).toEqual([status, sent]);
  expect([...(state.changes.get('send')?.values() ?? [])]).toMatchObject([{ id: 'one', outcome }]);
});

test('what was refused for now is sent again by retry, for it did not happen', async () => {
  let asked = 0;
  const url = await serve((_incoming, response) => response.writeHead(++asked < 3 ? 429 : 200).end('{}'));
  const { end } = await world.start(step(`url: "${url}", method: POST`));
  expect([end.status, asked]).toEqual(['done', 3]);
});

test('what was refused for good is not', async () => {
  let asked = 0;
  const url = await serve((_incoming, response) => {
    asked++;
    response.writeHead(422).end('no such item');
  });
  const { end, state } = await world.start(step(`url: "${url}", method: POST`));
  expect([end.status, asked]).toEqual(['failed', 1]);
  expect(state.steps.get('send')?.error?.message).toMatch(/had no effect on item one .* answered 422.*no such item/);
});

test('a POST of a read passes the gate with the reason the step gives, and not without', async () => {
  const got: string[] = [];
  const url = await serve((incoming, response) => {
    got.push(String(incoming.method));
    response.end('{"hits":2}');
  });
  const search = (more: string): string =>
    playbook(`  - id: search
    title: Search
    uses: http.request
    effect: read
    with: { url: "${url}/search", method: POST, json: { q: a }, parse: json${more} }
    assert: [output.value.hits == 2]
`);
  expect((await world.start(search(', reading: A search'))).end.status).toBe('done');
  expect((await world.start(search(''))).end.status).toBe('failed');
  expect(got).toEqual(['POST']);
});

test('a read follows redirects through the gate', async () => {
  const url = await serve((incoming, response) => {
    if (incoming.url === '/here') response.end('[1]');
    else response.writeHead(302, { location: '/here' }).end();
  });
  const { end } = await world.start(
    playbook(`  - id: look
    title: Look
    uses: http.request
    effect: read
    with: { url: "${url}", parse: json }
    assert: [size(output.value) == 1]
`),
  );
  expect(end.status).toBe('done');
});

test('a secret in a header reaches the other side and not the journal', async () => {
  const got: unknown[] = [];
  const url = await serve((incoming, response) => {
    got.push(incoming.headers.authorization);
    response.end(`{"you sent":"${incoming.headers.authorization}"}`);
  });
  const yaml = playbook(
    `  - id: send
    title: Send
    uses: http.request
    effect: change
    target: { kind: item, id: one }
    with: { url: "${url}", method: PUT, headers: { authorization: "Bearer \${{ secrets.API_TOKEN }}" } }
`,
    'requires: { secrets: [API_TOKEN] }\n',
  );
  const { runId, end } = await world.start(yaml, { env: { API_TOKEN: 'correct-horse-battery' } });
  expect([end.status, got]).toEqual(['done', ['Bearer correct-horse-battery']]);
  expect(JSON.stringify(await world.events(runId))).not.toContain('correct-horse-battery');
});

test('run again with another body it is another request, with a key of its own', async () => {
  const got: string[] = [];
  const keys = new Set<unknown>();
  const url = await serve((incoming, response) => {
    keys.add(incoming.headers['idempotency-key']);
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      got.push(body);
      response.end(JSON.stringify({ ok: body.includes('3') }));
    });
  });
  const fields = `url: "${url}", method: POST, idempotencyKey: {}`;
  const first = await world.start(step(`${fields}, json: { replicas: 2 }`, '    assert: [output.value.ok]\n'));
  expect(first.end.status).toBe('failed');
  const inputs = { url, method: 'POST', idempotencyKey: {}, json: { replicas: 3 }, parse: 'json' };
  let tries = 0;
  const failure: People['failure'] = async () => {
    tries += 1;
    return tries === 1 ? { kind: 'retry', actor: 'person:ana', reason: 'the wrong number', inputs } : { kind: 'later' };
  };
  const { end } = await world.resume(first.runId, first.plan, { people: { ...nobody, failure } });
  expect([end.status, got]).toEqual(['done', ['{"replicas":2}', '{"replicas":3}']]);
  expect(keys.size).toBe(2);
});

test('run again as it was, it is not sent twice', async () => {
  const { url, got } = await siteThatLoses(0);
  const first = await world.start(step(`url: "${url}", method: POST`, '    assert: [output.value.id == 8]\n'));
  let tries = 0;
  const failure: People['failure'] = async () => {
    tries += 1;
    return tries === 1 ? { kind: 'retry', actor: 'person:ana', reason: 'again' } : { kind: 'later' };
  };
  const { end } = await world.resume(first.runId, first.plan, { people: { ...nobody, failure } });
  expect([end.status, got.length]).toEqual(['failed', 1]);
});

test('done again after an undo it has a key of its own', async () => {
  const keys: unknown[] = [];
  const url = await serve((incoming, response) => {
    keys.push(`${incoming.method} ${incoming.headers['idempotency-key'] ?? ''}`.trim());
    response.end('{}');
  });
  const yaml = `${step(`url: "${url}", method: POST, idempotencyKey: {}`, '')}    undo: { uses: http.request, with: { url: "${url}", method: DELETE } }
  - { id: look, title: Look, manual: Look. }
`;
  const { runId, plan } = await world.start(yaml);
  await takeBack(world, runId, { plan, isUnchecked: true });
  await reopen(world, runId, 'send');
  await world.resume(runId, plan);
  const posts = keys.filter((key) => String(key).startsWith('POST'));
  expect([posts.length, new Set(posts).size]).toEqual([2, 2]);
});
