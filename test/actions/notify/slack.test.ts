import { expect, test } from 'vitest';
import slack from '../../../actions/notify/slack.ts';
import { splitText } from '../../../actions/notify/slack-message/blocks.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { must } from '../../drill/helpers.ts';
import { startAppWorld } from '../../drill/services/app-world.ts';
import { byPath, dryRun } from '../../run/preview/dry-run.ts';
import { serve, urlOfNobody } from '../local-server.ts';
import { changesOf, journalText, notifying, outcomesOf, outputOf, ownTemplates, person, stepOf } from './setup.ts';

const notify = notifying(slack);
const HOOK = '/services/T0000/B0000/abcdefghijklmnop';
const MESSAGE = { title: 'Sign-in fails', severity: 'P1', stage: 'start', data: { impact: 'Nobody gets in' } };

interface Post {
  readonly path: string;
  readonly body: { readonly text: string; readonly blocks: readonly JsonObject[] };
}

/** A webhook of Slack's that answers as told, then `ok`. */
async function slackThat(...answers: readonly (readonly [number, string, Record<string, string>?] | 'lost')[]) {
  const posts: Post[] = [];
  const url = await serve((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      posts.push({ path: request.url ?? '', body: JSON.parse(text) });
      const answer = answers[posts.length - 1] ?? ([200, 'ok'] as const);
      if (answer === 'lost') response.destroy();
      else response.writeHead(answer[0], answer[2]).end(answer[1]);
    });
  });
  return { env: { SLACK_WEBHOOK_URL: `${url}${HOOK}` }, posts };
}

test('a message arrives in the drill with title, severity and the default text', async () => {
  const world = await startAppWorld({ services: { slack: {} } });
  const env = { SLACK_WEBHOOK_URL: must(world.env.SLACK_WEBHOOK_URL) };
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, outcomesOf(started)]).toEqual(['done', [['slack #incidents', 'done']]]);
  const kept = await (await fetch(new URL('/__messages', env.SLACK_WEBHOOK_URL))).json();
  expect(kept).toMatchObject([
    { sink: 'slack', text: expect.stringMatching(/^Sign-in fails\nImpact: Nobody gets in\n/) },
  ]);
  expect(kept).toHaveLength(1);
});

test('what users wrote mentions nobody and makes no link; `mention` does', async () => {
  const { env, posts } = await slackThat();
  const title = 'A & B <!channel> fail';
  const text = 'Look <https://evil.example.com|here> <!here>';
  await notify.run({ title, text, mention: ['here', 'U012ABC', 'S999ZZZ'] }, { env });
  const { body } = posts[0] ?? must<Post>(undefined);
  expect(body.blocks).toMatchObject([
    { type: 'header', text: { type: 'plain_text', text: title } },
    { type: 'context' },
    { type: 'section', text: { type: 'mrkdwn', text: '<!here> <@U012ABC> <!subteam^S999ZZZ>' } },
    { type: 'section', text: { text: 'Look &lt;https://evil.example.com|here&gt; &lt;!here&gt;' } },
  ]);
  expect(body.text).toBe(
    '<!here> <@U012ABC> <!subteam^S999ZZZ> A &amp; B &lt;!channel&gt; fail\nLook &lt;https://evil.example.com|here&gt; &lt;!here&gt;',
  );
});

test("a long message keeps to Slack's limits: no part over 3,000 characters, no header over 150, no more than 50 blocks", async () => {
  const { env, posts } = await slackThat();
  await notify.run({ title: 'x'.repeat(200), text: '& word\n'.repeat(2800) }, { env });
  const blocks = posts[0]?.body.blocks ?? [];
  const texts = blocks.map(({ text }) => (text as JsonObject | undefined)?.text);
  expect(blocks.length).toBeLessThanOrEqual(50);
  expect(String(texts[0])).toHaveLength(150);
  for (const text of texts.slice(2)) expect(String(text).length).toBeLessThanOrEqual(3000);
  expect(
    texts
      .slice(2)
      .join('\n')
      .match(/&amp; word/g),
  ).toHaveLength(2800);
});

test('a text is never cut inside an entity or a character', () => {
  const parts = splitText(`${'a'.repeat(8)}&amp;${'b'.repeat(4)}😀😀😀`, 10);
  expect(parts.join('')).toBe(`${'a'.repeat(8)}&amp;${'b'.repeat(4)}😀😀😀`);
  for (const part of parts) expect(part).toMatch(/^(?:&amp;|[ab]|😀)+$/u);
});

test('a message whose answer was lost is not sent again by itself: a person says what became of it', async () => {
  const { env, posts } = await slackThat('lost');
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, posts.length]).toEqual(['waiting', 1]);
  expect(outcomesOf(started)).toEqual([['slack #incidents', 'unknown']]);
});

test.for([
  ['done', 'done', 1, true],
  ['repeat', 'done', 2, true],
  ['skip', 'done', 1, false],
] as const)('settled as %s the step goes on', async ([kind, status, sent, wasSent]) => {
  const { env, posts } = await slackThat('lost');
  const started = await notify.run(MESSAGE, { env, people: person(kind) });
  expect([started.end.status, posts.length, outputOf(started)]).toMatchObject([status, sent, { sent: wasSent }]);
});

test('a 5xx is not known to be a refusal', async () => {
  const { env, posts } = await slackThat([503, 'upstream']);
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, posts.length, outcomesOf(started)[0]?.[1]]).toEqual(['waiting', 1, 'unknown']);
});

test('an answer that is not Slack’s own is not taken for success', async () => {
  const { env } = await slackThat([200, '<html>Sign in to the proxy</html>']);
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, outcomesOf(started)[0]?.[1]]).toEqual(['waiting', 'unknown']);
});

test('too many messages: it waits as long as Slack says, and sends it once', async () => {
  const { env, posts } = await slackThat([429, 'rate_limited', { 'retry-after': '0' }]);
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, posts.length, outcomesOf(started)[0]?.[1]]).toEqual(['done', 2, 'done']);
});

test('what wants more patience than a minute is left to `retry`, and is known not to have been sent', async () => {
  const { env, posts } = await slackThat(
    [429, 'rate_limited', { 'retry-after': '3600' }],
    [429, 'rate_limited', { 'retry-after': '3600' }],
  );
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, posts.length]).toEqual(['done', 3]);
});

test.for([
  [400, 'invalid_payload', /answered 400: invalid_payload/],
  [404, 'channel_not_found', /channel_not_found \(the channel is gone: make a new webhook/],
  [404, 'no_service', /there is no such webhook/],
  [403, 'action_prohibited', /an administrator of the workspace has forbidden it/],
] as const)('%i %s is a refusal for good that says what to do', async ([status, error, message]) => {
  const { env, posts } = await slackThat([status, error]);
  const started = await notify.run(MESSAGE, { env });
  expect([started.end.status, posts.length, outcomesOf(started)[0]?.[1]]).toEqual(['failed', 1, 'failed']);
  expect(started.state.steps.get('tell')?.error?.message).toMatch(message);
});

test('where nobody listens nothing was sent, and `retry` tries again', async () => {
  const started = await notify.run(MESSAGE, { env: { SLACK_WEBHOOK_URL: `${await urlOfNobody()}${HOOK}` } });
  expect([started.end.status, outcomesOf(started)[0]?.[1]]).toEqual(['failed', 'failed']);
});

test('a plan sends nothing, and says to whom', async () => {
  const { env, posts } = await slackThat();
  const plan = await dryRun(stepOf(slack, { ...MESSAGE, channel: '#war-room' }), {
    actions: [slack],
    env,
    templateSource: ownTemplates,
  });
  expect(byPath(plan).get('tell')?.action?.changes).toMatchObject([
    { kind: 'message', verb: 'send', outcome: 'planned', targets: [{ id: 'slack #war-room' }] },
  ]);
  expect(posts).toEqual([]);
});

test('a message that cannot be made is found in the plan', async () => {
  const { env } = await slackThat();
  const why = async (fields: JsonObject): Promise<unknown> => {
    const plan = await dryRun(stepOf(slack, fields), { actions: [slack], env, templateSource: ownTemplates });
    return byPath(plan).get('tell')?.why;
  };
  expect(await why({ ...MESSAGE, data: { imapct: 'x' } })).toMatch(
    /do not read imapct among `data`, only impact, cause/,
  );
  expect(await why({ ...MESSAGE, text: 'x' })).toMatch(/`text` is the whole message/);
  expect(await why({ title: 'T', template: 'no-such' })).toMatch(/There is no template no-such/);
});

test('the address of the webhook stands neither in the journal nor in an error; nor does a secret in the text', async () => {
  const { env, posts } = await slackThat([404, 'no_service']);
  const started = await notify.run({ title: 'T', text: `The key sk_live_abcdefghijklmnop leaked` }, { env });
  const text = await journalText(notify.world(), started.runId);
  expect(text).not.toContain('abcdefghijklmnop');
  expect(text).toContain('at 127.0.0.1');
  expect(posts[0]?.body.text).toContain('The key [redacted:sk] leaked');
});

test('a secret can be the address, and not the text', async () => {
  const { posts, env } = await slackThat();
  const yaml = (fields: string): string =>
    stepOf(slack, {})
      .replace('with: {}', `with: ${fields}`)
      .replace('steps:', 'requires: { secrets: [OTHER] }\nsteps:');
  const world = notify.world();
  const options = { env: { OTHER: env.SLACK_WEBHOOK_URL }, engine: { templateSource: ownTemplates } };
  const started = await world.start(yaml('{ title: T, url: "${{ secrets.OTHER }}" }'), options);
  expect([started.end.status, posts.length]).toEqual(['done', 1]);
  expect(() => world.compile(yaml('{ title: T, text: "${{ secrets.OTHER }}" }'))).toThrow(/E_PLAYBOOK_SECRET/);
});

test('the ledger tells the message by its title and a digest', async () => {
  const { env } = await slackThat();
  const started = await notify.run(MESSAGE, { env });
  expect(changesOf(started)).toMatchObject([
    {
      kind: 'message',
      verb: 'send',
      after: { title: 'Sign-in fails', digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
    },
  ]);
});
