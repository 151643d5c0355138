import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { must } from '../helpers.ts';
import { appOf, startAppWorld } from './app-world.ts';

const SINKS = { services: { slack: {}, pagerduty: {}, smtp: {} } };

async function post(url: string | undefined, body: string) {
  const response = await fetch(must(url), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  return { status: response.status, text: await response.text() };
}

async function messages(world: DrillWorld): Promise<readonly JsonObject[]> {
  const response = await fetch(new URL('/__messages', must(world.env.SLACK_WEBHOOK_URL)));
  return (await response.json()) as JsonObject[];
}

test('the incoming webhook answers ok to a text or blocks, and keeps what people would read', async () => {
  const world = await startAppWorld(SINKS);
  const { SLACK_WEBHOOK_URL } = world.env;
  const blocks: Json = [
    { type: 'header', text: { type: 'plain_text', text: 'Incident' } },
    { type: 'section', fields: [{ type: 'mrkdwn', text: '*Severity* P1' }] },
  ];
  expect(await post(SLACK_WEBHOOK_URL, '{"text":"Hello"}')).toEqual({ status: 200, text: 'ok' });
  expect(await post(SLACK_WEBHOOK_URL, JSON.stringify({ blocks }))).toEqual({ status: 200, text: 'ok' });
  expect(await post(SLACK_WEBHOOK_URL, 'not json')).toEqual({ status: 400, text: 'invalid_payload' });
  expect(await post(SLACK_WEBHOOK_URL, '{}')).toEqual({ status: 400, text: 'no_text' });
  expect(await post(SLACK_WEBHOOK_URL, '{"blocks":[]}')).toEqual({ status: 400, text: 'invalid_blocks' });
  expect(await post(`${SLACK_WEBHOOK_URL}x`, '{"text":"Hello"}')).toEqual({ status: 404, text: 'no_service' });
  expect((await messages(world)).map(({ text }) => text)).toEqual(['Hello', 'Incident\n*Severity* P1']);
  expect(appOf(world).messages).toEqual({ slack: 2, pagerduty: 0, smtp: 0, statuspage: 0 });
});

test('an event is accepted with its dedup key, or given one; what lacks something is refused by name', async () => {
  const world = await startAppWorld(SINKS);
  const { PAGERDUTY_EVENTS_URL: url, PAGERDUTY_ROUTING_KEY } = world.env;
  const payload = { summary: 'Breach', source: 'runbook', severity: 'critical' };
  const trigger = { routing_key: must(PAGERDUTY_ROUTING_KEY), event_action: 'trigger', payload };
  const first = await post(url, JSON.stringify(trigger));
  expect([first.status, JSON.parse(first.text)]).toMatchObject([
    202,
    { status: 'success', dedup_key: expect.stringMatching(/^\w{32}$/) },
  ]);
  const own = await post(url, JSON.stringify({ ...trigger, dedup_key: 'run-1' }));
  expect(JSON.parse(own.text)).toMatchObject({ dedup_key: 'run-1' });
  expect((await post(url, JSON.stringify({ ...trigger, event_action: 'resolve', dedup_key: 'run-1' }))).status).toBe(
    202,
  );
  const refused = await post(url, JSON.stringify({ routing_key: 'x', event_action: 'acknowledge' }));
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
    400,
    { status: 'invalid event', errors: [expect.stringContaining('routing_key'), expect.stringContaining('dedup_key')] },
  ]);
  expect((await messages(world)).slice(1)).toMatchObject([
    { sink: 'pagerduty', about: 'run-1', text: 'trigger: Breach' },
    { sink: 'pagerduty', about: 'run-1', text: 'resolve: Breach' },
  ]);
});

/** A raw client: sends a line (or several) and gives the reply to it, which may have several lines. */
async function smtpClient(world: DrillWorld) {
  const { port, hostname } = new URL(must(world.env.SMTP_URL));
  const socket = connect(Number(port), hostname);
  onTestFinished(() => {
    socket.destroy();
  });
  const replies: string[] = [];
  const waiting: ((reply: string) => void)[] = [];
  let rest = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    rest += chunk;
    for (
      let match = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(rest);
      match;
      match = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(rest)
    ) {
      rest = rest.slice(match[0].length);
      const next = waiting.shift();
      if (next === undefined) replies.push(match[0].trimEnd());
      else next(match[0].trimEnd());
    }
  });
  const reply = (): Promise<string> => {
    const ready = replies.shift();
    return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
  };
  return {
    greeting: reply(),
    say: (text: string): Promise<string> => {
      socket.write(`${text}\r\n`);
      return reply();
    },
  };
}

test('a mail is taken as a client sends it: with dots taken off, in UTF-8, in its envelope', async () => {
  const world = await startAppWorld(SINKS);
  const client = await smtpClient(world);
  expect(await client.greeting).toMatch(/^220 .* ESMTP/);
  expect(await client.say('EHLO client.example.com')).toMatch(/250-SIZE 1048576\r\n.*AUTH PLAIN LOGIN$/s);
  expect(await client.say('AUTH LOGIN')).toBe('334 VXNlcm5hbWU6');
  expect(await client.say('dXNlcg==')).toBe('334 UGFzc3dvcmQ6');
  expect(await client.say('cGFzcw==')).toMatch(/^235/);
  expect(await client.say('MAIL FROM:<oncall@example.com> SIZE=100')).toMatch(/^250/);
  expect(await client.say('RCPT TO:<security@example.com>')).toMatch(/^250/);
  expect(await client.say('RCPT TO:<legal@example.com>')).toMatch(/^250/);
  expect(await client.say('DATA')).toMatch(/^354/);
  const mail = [
    'Subject: Breach:',
    ' twenty accounts',
    'To: security@example.com',
    '',
    'Grüße',
    '..',
    '..hidden',
    '',
    'End',
    '.',
  ];
  expect(await client.say(mail.join('\r\n'))).toMatch(/^250/);
  expect(await client.say('QUIT')).toMatch(/^221/);
  expect(await messages(world)).toMatchObject([
    {
      sink: 'smtp',
      about: 'Breach: twenty accounts',
      text: 'From: oncall@example.com\nTo: security@example.com, legal@example.com\n\nGrüße\r\n.\r\n.hidden\r\n\r\nEnd',
    },
  ]);
});

test('the mail server refuses what is out of order, too big or unknown, and goes on', async () => {
  const world = await startAppWorld(SINKS);
  const client = await smtpClient(world);
  await client.greeting;
  expect(await client.say('MAIL FROM:<a@example.com>')).toMatch(/^503/);
  expect(await client.say('HELO client')).toMatch(/^250/);
  expect(await client.say('DATA')).toMatch(/^503/);
  expect(await client.say('MAIL FROM:<a@example.com> SIZE=1048577')).toMatch(/^552/);
  expect(await client.say('STARTTLS')).toMatch(/^502/);
  expect(await client.say('MAIL FROM:<a@example.com>')).toMatch(/^250/);
  expect(await client.say('RCPT TO:<b@example.com>')).toMatch(/^250/);
  await client.say('DATA');
  const line = 'x'.repeat(998);
  expect(await client.say(`${Array.from({ length: 1100 }, () => line).join('\r\n')}\r\n.`)).toMatch(/^552/);
  expect(await client.say('NOOP')).toMatch(/^250/);
  expect(appOf(world).messages.smtp).toBe(0);
});
