import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { verifyWebhook } from '@clerk/backend/webhooks';
import { expect, test } from 'vitest';
import webhook from '../../../actions/notify/webhook.ts';
import { byPath, dryRun } from '../../run/preview/dry-run.ts';
import { serve } from '../local-server.ts';
import { journalText, notifying, outcomesOf, ownTemplates, stepOf } from './setup.ts';

const notify = notifying(webhook);
const SECRET = `whsec_${Buffer.from('a key of some length').toString('base64')}`;

async function receiverThat(...answers: readonly ('lost' | number)[]) {
  const got: { readonly headers: IncomingHttpHeaders; readonly text: string }[] = [];
  const url = await serve((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, text });
      const answer = answers[got.length - 1] ?? 200;
      if (answer === 'lost') response.destroy();
      else response.writeHead(answer).end('thanks');
    });
  });
  return { url, got };
}

test('a message is JSON with its text, the run and an idempotency key', async () => {
  const { url, got } = await receiverThat();
  const started = await notify.run({ title: 'T', severity: 'P2', stage: 'start', url, data: { impact: 'X' } });
  expect([started.end.status, outcomesOf(started)]).toEqual(['done', [[`webhook ${new URL(url).host}`, 'done']]]);
  expect(JSON.parse(got[0]?.text ?? '')).toMatchObject({
    title: 'T',
    severity: 'P2',
    stage: 'start',
    text: expect.stringMatching(/^Impact: X\n/),
    run: { id: started.runId, isDrill: false },
  });
  expect(got[0]?.headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('a signature as Standard Webhooks has it is one that Svix’s libraries take', async () => {
  const { url, got } = await receiverThat();
  await notify.run({ title: 'T', url, json: { type: 'a', data: {} }, signature: { secret: SECRET } });
  const { headers, text } = got[0] ?? { headers: {}, text: '' };
  const request = new Request(url, {
    method: 'POST',
    body: text,
    headers: {
      'svix-id': String(headers['webhook-id']),
      'svix-timestamp': String(headers['webhook-timestamp']),
      'svix-signature': String(headers['webhook-signature']),
    },
  });
  expect(await verifyWebhook(request, { signingSecret: SECRET })).toMatchObject({ type: 'a' });
  expect(headers['webhook-id']).toBe(headers['idempotency-key']);
});

test('a signature as one header with HMAC-SHA256 of the body', async () => {
  const { url, got } = await receiverThat();
  const signature = { secret: 'a plain secret', scheme: 'hmac-sha256', header: 'X-Hub-Signature-256' };
  await notify.run({ title: 'T', url, text: 'Grüße', signature });
  const { headers, text } = got[0] ?? { headers: {}, text: '' };
  const expected = createHmac('sha256', 'a plain secret').update(text).digest('hex');
  expect(headers['x-hub-signature-256']).toBe(`sha256=${expected}`);
});

test('a key that is none for its scheme is found before anything is sent', async () => {
  const { url, got } = await receiverThat();
  const started = await notify.run({ title: 'T', url, text: 'x', signature: { secret: 'no base64 at all!' } });
  expect([started.end.status, got.length]).toEqual(['failed', 0]);
});

test.for([
  [false, 'waiting', 1, 'unknown'],
  [true, 'done', 2, 'done'],
] as const)('lost answer, idempotent %s', async ([idempotent, status, count, outcome]) => {
  const { url, got } = await receiverThat('lost');
  const started = await notify.run({ title: 'T', url, text: 'x', idempotent });
  expect([started.end.status, got.length, outcomesOf(started)[0]?.[1]]).toEqual([status, count, outcome]);
  expect(new Set(got.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
});

test('a redirect is not followed with a message, and is a refusal', async () => {
  const { url, got } = await receiverThat(307);
  const started = await notify.run({ title: 'T', url, text: 'x' });
  expect([started.end.status, got.length, outcomesOf(started)[0]?.[1]]).toEqual(['failed', 1, 'failed']);
});

test('a template ending in .json is the whole body, and what is no JSON is found in the plan', async () => {
  const { url, got } = await receiverThat();
  const source = (text: string) => (name: string) =>
    name === 'hook.json' ? { file: 'templates/hook.json.hbs', text } : ownTemplates(name);
  const fields = { title: 'A "title"', url, template: 'hook', data: { users: ['a', 'b"c'] } };
  const good = source('{"t": "{{title}}", "who": {{json data.users}} }');
  const started = await notify.run(fields, { engine: { templateSource: good } });
  expect(started.end.status).toBe('done');
  expect(JSON.parse(got[0]?.text ?? '')).toEqual({ t: 'A "title"', who: ['a', 'b"c'] });
  const plan = await dryRun(stepOf(webhook, fields), {
    actions: [webhook],
    templateSource: source('{"t": {{title}} }'),
  });
  expect(byPath(plan).get('tell')?.why).toMatch(/hook\.json makes no JSON/);
  expect(got).toHaveLength(1);
});

test('path of the address, headers and signing secret are not in the journal', async () => {
  const { url } = await receiverThat(410);
  const world = notify.world();
  const yaml = stepOf(webhook, {})
    .replace(
      'with: {}',
      'with: { title: T, text: x, url: "${{ secrets.HOOK }}", headers: { authorization: "${{ secrets.TOKEN }}" }, signature: { secret: "${{ secrets.KEY }}" } }',
    )
    .replace('steps:', 'requires: { secrets: [HOOK, TOKEN, KEY] }\nsteps:');
  const env = { HOOK: `${url}/h/3f9a77c1d2`, TOKEN: 'Token 5550123456', KEY: SECRET };
  const started = await world.start(yaml, { env, engine: { templateSource: ownTemplates } });
  expect(started.end.status).toBe('failed');
  const text = await journalText(world, started.runId);
  for (const secret of ['3f9a77c1d2', '5550123456', SECRET.slice(6)]) expect(text).not.toContain(secret);
});
