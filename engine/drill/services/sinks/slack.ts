// A Slack-like incoming webhook: keeps what it gets. POST /services/T…/B…/… answers the text `ok`; errors are texts too
// (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: invalid_payload, no_text, no_service). GET
// /__messages shows what arrived, for people who watch and for tests.
import { isJsonObject, type Json } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import type { HttpAnswer, HttpHandler } from '../../http/server.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { ServiceDefinition } from '../service.ts';

/** What Slack takes as the text of a message. */
const MAX_TEXT = 40_000;
const MAX_BLOCKS = 50;

export const slackService: ServiceDefinition = {
  name: 'slack',
  isIn: ({ world }) => world.services.slack !== undefined,
  create: (context) => ({ name: 'slack', handler: createSlack(context) }),
  env: ({ url, seed }) => ({ SLACK_WEBHOOK_URL: `${url('slack')}${hookPath(seed)}` }),
};

function hookPath(seed: number): string {
  const word = (n: number, length: number) => randomWord(length, seed, STREAM.serviceToken, 10 + n);
  return `/services/T${word(0, 8)}/B${word(1, 8)}/${word(2, 24)}`;
}

function createSlack(context: WorldContext): HttpHandler {
  const path = hookPath(context.seed);
  return (request) => {
    if (request.method === 'GET' && request.path === '/__messages') return messages(context);
    if (request.path !== path) return plain(404, 'no_service');
    if (request.method !== 'POST') return plain(405, 'method_not_allowed');
    const payload = parse(request.body);
    if (payload === undefined) return plain(400, 'invalid_payload');
    const text = typeof payload.text === 'string' ? payload.text : '';
    const { blocks } = payload;
    if (blocks !== undefined && !isBlockList(blocks)) return plain(400, 'invalid_blocks');
    if (text === '' && blocks === undefined && payload.attachments === undefined) return plain(400, 'no_text');
    if (text.length > MAX_TEXT) return plain(400, 'msg_too_long');
    const channel = typeof payload.channel === 'string' ? payload.channel : '#incidents';
    const shown = text === '' ? textsIn(blocks ?? payload.attachments ?? null).join('\n') : text;
    context.commit({ type: 'message.received', at: context.clock.now(), sink: 'slack', about: channel, text: shown });
    return plain(200, 'ok');
  };
}

/** Old clients send a form with the JSON in the field `payload`. */
function parse(body: string): { readonly [name: string]: Json | undefined } | undefined {
  const text = body.startsWith('payload=') ? (new URLSearchParams(body).get('payload') ?? '') : body;
  try {
    const value = JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isBlockList(value: Json): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_BLOCKS) return false;
  return value.every((block) => isJsonObject(block) && typeof block.type === 'string');
}

/** All that people would read in blocks, from the top. */
function textsIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'string' ? (['text', 'fallback', 'title'].includes(name) ? [inner] : []) : textsIn(inner),
  );
}

/** Of all sinks: a mail server has no page of its own. */
function messages({ state }: WorldContext): HttpAnswer {
  const headers = { 'Content-Type': 'application/json' };
  return { status: 200, headers, body: JSON.stringify(state.services.messages.kept) };
}

function plain(status: number, body: string): HttpAnswer {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
}
