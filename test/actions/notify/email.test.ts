import { expect, test } from 'vitest';
import { parseSmtpUrl } from '../../../actions/notify/email/server-url.ts';
import email from '../../../actions/notify/email.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { must, scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { byPath, dryRun } from '../../run/preview/dry-run.ts';
import { checkSchema } from '../fake-context.ts';
import { mailServer } from './mail-server.ts';
import { changesOf, journalText, notifying, outcomesOf, outputOf, ownTemplates, person, stepOf } from './setup.ts';

const notify = notifying(email);
const FROM = { SMTP_FROM: 'oncall@example.com' };
const MAIL = { title: 'Sign-in fails', severity: 'P1', stage: 'start', text: 'Grüße.\n\nWe look into <it>.' };

function headersOf(data: string): string {
  return data.slice(0, data.indexOf('\r\n\r\n'));
}

test('a mail arrives in the drill with subject and text, in UTF-8', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ services: { slack: {}, smtp: {} } }) });
  const env = { ...FROM, SMTP_URL: must(world.env.SMTP_URL) };
  const started = await notify.run({ ...MAIL, to: ['ana@example.com'] }, { env });
  expect([started.end.status, outcomesOf(started)]).toEqual(['done', [['ana@example.com', 'done']]]);
  const kept = (await (await fetch(new URL('/__messages', must(world.env.SLACK_WEBHOOK_URL)))).json()) as JsonObject[];
  expect(kept).toMatchObject([{ sink: 'smtp', about: '[P1] Sign-in fails' }]);
  expect(kept[0]?.text).toMatch(/^From: oncall@example\.com\nTo: ana@example\.com\n/);
  expect(kept[0]?.text).toMatch(/Gr=C3=BC=C3=9Fe\./);
  expect(kept[0]?.text).toContain('<p>We look into &lt;it&gt;.</p>');
});

test('everybody gets a mail of their own, and the ledger says who was told', async () => {
  const { url, mails, connections } = await mailServer();
  const recipients = [
    { email: 'a@example.com', user: 'user_1', name: 'Ana' },
    { email: 'b@example.com', user: 'user_2' },
  ];
  const started = await notify.run(
    {
      title: 'Your account',
      subject: 'Your account',
      template: 'notify/breach-users',
      recipients,
      to: ['a@example.com'],
    },
    { env: { ...FROM, SMTP_URL: url } },
  );
  expect(started.end.status).toBe('done');
  expect(mails.map(({ to }) => to.join())).toEqual(expect.arrayContaining(['a@example.com', 'b@example.com']));
  expect(mails).toHaveLength(2);
  for (const { to, data } of mails) {
    const others = ['a@example.com', 'b@example.com'].filter((one) => one !== to[0]);
    for (const other of others) expect(data).not.toContain(other);
  }
  expect(mails.find(({ to }) => to[0] === 'a@example.com')?.data).toContain('Dear Ana,');
  expect(mails.find(({ to }) => to[0] === 'b@example.com')?.data).toContain('Hello,');
  expect(changesOf(started).map(({ id, detail }) => [id, detail])).toEqual(
    expect.arrayContaining([
      ['a@example.com', { user: 'user_1' }],
      ['b@example.com', { user: 'user_2' }],
    ]),
  );
  expect(outputOf(started)).toMatchObject({ sent: 2, told: ['a@example.com', 'b@example.com'], failed: [], left: [] });
  expect(connections()).toBeLessThanOrEqual(3);
});

test('one mail to a team together: they see each other, and nobody sees the blind copy', async () => {
  const { url, mails } = await mailServer();
  const to = ['a@example.com', 'b@example.com'];
  const started = await notify.run(
    {
      ...MAIL,
      to,
      cc: ['c@example.com'],
      bcc: ['d@example.com'],
      together: true,
      fromName: 'On call',
      replyTo: 'r@example.com',
    },
    { env: { ...FROM, SMTP_URL: url } },
  );
  expect([started.end.status, mails.length]).toEqual(['done', 1]);
  const [mail] = mails;
  expect(mail?.to).toEqual(['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com']);
  const headers = headersOf(mail?.data ?? '');
  expect(headers).toMatch(/^To: a@example\.com, b@example\.com$/m);
  expect(headers).toMatch(/^Cc: c@example\.com$/m);
  expect(headers).toMatch(/^From: On call <oncall@example\.com>$/m);
  expect(headers).toMatch(/^Auto-Submitted: auto-generated$/m);
  expect(mail?.data).not.toContain('d@example.com');
});

test('a mail whose answer was lost is put before a person; said to repeat it, it goes by the same message id', async () => {
  let cuts = 0;
  const { url, mails } = await mailServer((line) => (line === '.' && cuts++ === 0 ? 'cut' : undefined));
  const env = { ...FROM, SMTP_URL: url };
  const started = await notify.run({ ...MAIL, to: ['a@example.com'] }, { env, people: person('repeat') });
  expect([started.end.status, outcomesOf(started)]).toEqual(['done', [['a@example.com', 'done']]]);
  expect(mails).toHaveLength(2);
  const ids = mails.map(({ data }) => /^Message-ID: (\S+)$/m.exec(data)?.[1]);
  expect(ids[0]).toMatch(/^<[0-9a-f]{40}\.runbook@example\.com>$/);
  expect(ids[1]).toBe(ids[0]);
});

test('without anybody the step waits, and the others were told', async () => {
  const { url, mails } = await mailServer((line, taken) => (line === '.' && taken === 0 ? 'cut' : undefined));
  const to = ['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'];
  const started = await notify.run({ ...MAIL, to }, { env: { ...FROM, SMTP_URL: url } });
  expect(started.end.status).toBe('waiting');
  const outcomes = outcomesOf(started).map(([, outcome]) => outcome);
  expect(outcomes.filter((one) => one === 'unknown').length).toBeGreaterThanOrEqual(1);
  expect(new Set(mails.map(({ to: [one] }) => one)).size).toBe(mails.length);
});

test('a recipient that is refused for good is listed, and the others are told', async () => {
  const { url, mails } = await mailServer((line) =>
    line.startsWith('RCPT TO:<gone@') ? '550 5.1.1 No such user here' : undefined,
  );
  const started = await notify.run(
    { ...MAIL, to: ['gone@example.com', 'a@example.com'] },
    { env: { ...FROM, SMTP_URL: url } },
  );
  expect([started.end.status, mails.length]).toEqual(['done', 1]);
  expect(outputOf(started)).toMatchObject({
    told: ['a@example.com'],
    failed: [{ email: 'gone@example.com', error: expect.stringContaining('550 5.1.1 No such user here') }],
  });
});

test('where nobody could be told the step fails', async () => {
  const { url } = await mailServer((line) => (line.startsWith('RCPT') ? '550 5.1.1 No such user here' : undefined));
  const started = await notify.run({ ...MAIL, to: ['gone@example.com'] }, { env: { ...FROM, SMTP_URL: url } });
  expect([started.end.status, outcomesOf(started)]).toEqual(['failed', [['gone@example.com', 'failed']]]);
  expect(started.state.steps.get('tell')?.error?.message).toMatch(/Nobody was told/);
});

test('one of a mail together that is refused is listed, and the rest is sent', async () => {
  const { url, mails } = await mailServer((line) =>
    line.startsWith('RCPT TO:<gone@') ? '550 5.1.1 No such user here' : undefined,
  );
  const to = ['gone@example.com', 'a@example.com'];
  const started = await notify.run({ ...MAIL, to, together: true }, { env: { ...FROM, SMTP_URL: url } });
  expect([started.end.status, mails.map((mail) => mail.to)]).toEqual(['done', [['a@example.com']]]);
  expect(outputOf(started)).toMatchObject({ failed: [{ email: 'gone@example.com' }] });
});

test.for(['RCPT TO', '.'])('refused for now at %s: `retry` sends it, once', async (at) => {
  let refusals = 0;
  const { url, mails } = await mailServer((line) =>
    line.startsWith(at) && refusals++ === 0 ? '451 4.7.1 Come back later' : undefined,
  );
  const started = await notify.run({ ...MAIL, to: ['a@example.com'] }, { env: { ...FROM, SMTP_URL: url } });
  expect([started.end.status, mails.length, refusals]).toEqual(['done', 1, 2]);
});

test.for(['EHLO', 'MAIL FROM', 'DATA'])('a connection cut at %s took no mail, and is tried again', async (at) => {
  let cuts = 0;
  const { url, mails } = await mailServer((line) => (line.startsWith(at) && cuts++ === 0 ? 'cut' : undefined));
  const started = await notify.run({ ...MAIL, to: ['a@example.com'] }, { env: { ...FROM, SMTP_URL: url } });
  expect([started.end.status, mails.length]).toEqual(['done', 1]);
  expect(outcomesOf(started)).toEqual([['a@example.com', 'done']]);
});

test('the password is used to log in, and stands nowhere', async () => {
  const { url, lines } = await mailServer((line) =>
    line.startsWith('AUTH') ? '535 5.7.8 Authentication failed' : undefined,
  );
  const withPassword = url.replace('smtp://', 'smtp://robot:hunter2-hunter2@');
  const started = await notify.run({ ...MAIL, to: ['a@example.com'] }, { env: { ...FROM, SMTP_URL: withPassword } });
  expect(started.end.status).toBe('failed');
  expect(lines.filter((line) => line.startsWith('AUTH'))).toHaveLength(1);
  expect(started.state.steps.get('tell')?.error?.message).toMatch(/Authentication failed/);
  const text = await journalText(notify.world(), started.runId);
  expect(text).not.toMatch(/hunter2/);
  expect(text).not.toContain(Buffer.from('\0robot\0hunter2-hunter2').toString('base64'));
});

test('a server elsewhere gets no mail without TLS, and no password in the clear', () => {
  expect(parseSmtpUrl('smtp://u:p@mail.example.com')).toMatchObject({
    port: 587,
    requiresTls: true,
    isTlsFromStart: false,
  });
  expect(parseSmtpUrl('smtps://u:p%40@mail.example.com')).toMatchObject({
    port: 465,
    isTlsFromStart: true,
    auth: { user: 'u', pass: 'p@' },
  });
  expect(parseSmtpUrl('smtp://relay.internal:25?tls=none')).toMatchObject({ port: 25, requiresTls: false });
  for (const wrong of [
    'smtp://u:p@relay.internal?tls=none',
    'http://x',
    'smtp://h?rejectUnauthorized=false',
    'smtps://h?tls=none',
  ])
    expect(() => parseSmtpUrl(wrong)).toThrow(/mail server/);
});

test('a server that offers no TLS where it must gets nothing', async () => {
  const { url, mails, lines } = await mailServer();
  // Reaches this machine, and is no loopback address by its name: a server elsewhere.
  const elsewhere = url.replace('127.0.0.1', '0.0.0.0');
  const started = await notify.run({ ...MAIL, to: ['a@example.com'] }, { env: { ...FROM, SMTP_URL: elsewhere } });
  expect([started.end.status, mails.length]).toEqual(['failed', 0]);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(expect.arrayContaining(['EHLO', 'STARTTLS']));
  expect(lines.filter((line) => /^(MAIL|AUTH)/.test(line))).toEqual([]);
  const plain = await notify.run(
    { ...MAIL, to: ['a@example.com'] },
    { env: { ...FROM, SMTP_URL: `${elsewhere}?tls=none` } },
  );
  expect([plain.end.status, mails.length]).toEqual(['done', 1]);
});

test('a drill reaches no mail server but one of this machine', async () => {
  const drill = { scenario: 'test', seed: 7, worldFile: 'none', isUnattended: true };
  const plan = await dryRun(stepOf(email, { ...MAIL, to: ['a@example.com'] }), {
    actions: [email],
    env: { ...FROM, SMTP_URL: 'smtp://mail.example.com' },
    templateSource: ownTemplates,
    drill,
  });
  expect(byPath(plan).get('tell')).toMatchObject({ verdict: 'fails', why: expect.stringMatching(/This is a drill/) });
});

test('a plan sends nothing, opens no connection and lists whom it would tell', async () => {
  const { url, connections } = await mailServer();
  const plan = await dryRun(stepOf(email, { ...MAIL, to: ['a@example.com', 'b@example.com'] }), {
    actions: [email],
    env: { ...FROM, SMTP_URL: url },
    templateSource: ownTemplates,
  });
  expect(byPath(plan).get('tell')?.action?.changes).toMatchObject([
    { kind: 'message', verb: 'email', outcome: 'planned', targets: [{ id: 'a@example.com' }, { id: 'b@example.com' }] },
  ]);
  expect(connections()).toBe(0);
});

test.for<JsonObject>([
  { title: 'a\r\nBcc: x@example.com' },
  { title: 'T', subject: 'a\nBcc: x@example.com' },
  { title: 'T', to: ['a@example.com\r\nRCPT TO:<x@example.com>'] },
  { title: 'T', to: ['a@example.com, x@example.com'] },
  { title: 'T', to: ['Ana <a@example.com>'] },
  { title: 'T', replyTo: 'a@example.com\nX: y' },
  { title: 'T', fromName: 'On call\r\nBcc: x@example.com' },
  { title: 'T', recipients: [{ email: 'a@example.com', name: 'a\nb' }] },
])('no header or recipient can be begun in a value: %j', (input) => {
  expect(() => checkSchema(email.input, input, 'input')).toThrow(/pattern/);
});

test('a template that fails for one recipient is found before anybody was told', async () => {
  const { url, mails } = await mailServer();
  const templateSource = (name: string) =>
    name === 'mine.txt' ? { file: 'templates/mine.txt.hbs', text: 'Dear {{recipient.name}}' } : ownTemplates(name);
  const recipients = [{ email: 'a@example.com', name: 'Ana' }, { email: 'b@example.com' }];
  const started = await notify.run(
    { title: 'T', template: 'mine', recipients },
    { env: { ...FROM, SMTP_URL: url }, engine: { templateSource } },
  );
  expect([started.end.status, mails.length]).toEqual(['failed', 0]);
  expect(started.state.steps.get('tell')?.error).toMatchObject({ code: 'E_TEMPLATE_FIELD' });
});

test('a step that was paused goes on with those who were not told, and tells nobody twice', async () => {
  const pause = new AbortController();
  const { url, mails } = await mailServer((line) => {
    if (line === '.') pause.abort();
    return undefined;
  });
  const to = Array.from({ length: 12 }, (_, index) => `user${index}@example.com`);
  const env = { ...FROM, SMTP_URL: url };
  const paused = await notify.run({ ...MAIL, to }, { env, pause: pause.signal });
  expect(paused.end.status).not.toBe('done');
  const before = mails.length;
  expect(before).toBeLessThan(12);
  const resumed = await notify
    .world()
    .resume(paused.runId, paused.plan, { env, engine: { templateSource: ownTemplates } });
  expect([resumed.end.status, mails.length]).toEqual(['done', 12]);
  expect(new Set(mails.map((mail) => mail.to[0])).size).toBe(12);
  expect(outputOf(resumed)).toMatchObject({ sent: 12 });
});
