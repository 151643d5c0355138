import {
  type ActionContext,
  defineAction,
  isJsonObject,
  type Json,
  messageOf,
  PermanentFailure,
} from '../../engine/action.ts';
import { DEFAULT_KEY_HEADER, stepIdempotencyKey } from '../http/idempotency-key.ts';
import { type PreparedRequest, prepareRequest } from '../http/prepare.ts';
import { composeText, digestOf, type MessageInput, plainText } from './message/compose.ts';
import { deliver } from './message/deliver.ts';
import { DEFAULT_TEMPLATES, MESSAGE, SHOWN_INPUTS } from './message/inputs.ts';
import { post } from './message/post.ts';
import { signatureHeaders } from './webhook-message/sign.ts';

export default defineAction({
  name: 'notify.webhook',
  title: 'Send a message to a webhook',
  description: [
    'Posts JSON to any address: the message, or what a template ending in .json makes of it, or `json` as given. Each has an',
    'idempotency key, the same whenever it is sent, and a signature where `signature` is given. Where the receiver knows',
    'messages by that key, say `idempotent: true`: one whose answer was lost is sent again then, else it is put before a person.',
  ].join('\n'),
  effect: 'change',
  idempotent: false,
  input: {
    type: 'object',
    properties: {
      ...MESSAGE,
      url: { type: 'string', pattern: '^https?://', description: 'Where to send it; may be a secret' },
      name: {
        type: 'string',
        minLength: 1,
        maxLength: 80,
        pattern: '^[^\\u0000-\\u001f]+$',
        description: 'What it is called in the journal and the report; the host of the address if absent',
      },
      json: {
        type: 'object',
        additionalProperties: true,
        description: 'The whole body, in the place of the message',
      },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Headers to send; secrets may stand here',
      },
      signature: {
        type: 'object',
        properties: {
          secret: { type: 'string', minLength: 8, description: 'The key, which the receiver has too' },
          scheme: {
            type: 'string',
            enum: ['standard-webhooks', 'hmac-sha256'],
            default: 'standard-webhooks',
            description: 'How it is signed: as Standard Webhooks, or as one header with HMAC-SHA256 of the body',
          },
          header: {
            type: 'string',
            pattern: '^[A-Za-z0-9-]+$',
            description: 'Of hmac-sha256: the name of its header; X-Signature-256 if absent',
          },
        },
        required: ['secret'],
        additionalProperties: false,
        description: 'Signs the body',
      },
      idempotent: {
        type: 'boolean',
        default: false,
        description: 'The receiver takes a message of the same idempotency key once only',
      },
    },
    required: ['title', 'url'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      sent: { type: 'boolean', description: 'False in a plan, and where a person said to leave it' },
      to: { type: 'string', description: 'Its name, or the host' },
      idempotencyKey: { type: 'string' },
    },
    required: ['sent', 'to', 'idempotencyKey'],
    additionalProperties: false,
  },
  exposes: [...SHOWN_INPUTS, 'json'],
  templates: DEFAULT_TEMPLATES,
  async run(input, ctx) {
    const url = URL.parse(input.url);
    if (url === null) throw new PermanentFailure('`url` is no valid address');
    const to = input.name ?? url.host;
    const title = await plainText(ctx, input.title);
    const body = JSON.stringify(await bodyOf(ctx, { ...input, title }));
    const plain = { method: 'POST', url: input.url, headers: { ...input.headers }, text: body } as const;
    const idempotencyKey = stepIdempotencyKey(ctx.run, { method: 'POST', url: input.url, body });
    const prepare = (signed: { readonly [name: string]: string }): PreparedRequest => ({
      ...prepareRequest({
        ...plain,
        headers: {
          'Content-Type': 'application/json',
          [DEFAULT_KEY_HEADER]: idempotencyKey,
          ...plain.headers,
          ...signed,
        },
      }),
      // Its path may be secret.
      line: `The webhook ${to}`,
    });
    const sign = (): { readonly [name: string]: string } =>
      input.signature === undefined
        ? {}
        : signatureHeaders(input.signature, { id: idempotencyKey, body, nowMs: ctx.now() });
    // What cannot be sent is found before the change begins, and in a plan.
    prepare(sign());
    const delivered = await deliver(
      ctx,
      {
        kind: 'message',
        id: `webhook ${to}`,
        verb: 'send',
        after: { title, digest: digestOf([body]) },
        idempotent: input.idempotent ?? false,
      },
      async () => {
        await post(ctx, prepare(sign()));
      },
    );
    return { sent: delivered === 'sent', to, idempotencyKey };
  },
});

/** @throws PermanentFailure */
async function bodyOf(ctx: ActionContext, input: MessageInput & { readonly json?: object | undefined }): Promise<Json> {
  const { json, title, severity, stage = 'update', audience = 'team' } = input;
  if (json !== undefined) {
    if (input.text === undefined && input.template === undefined && input.data === undefined) return json as Json; // Of a step's `with`.
    throw new PermanentFailure('`json` is the whole body: `text`, `template` and `data` have no place beside it');
  }
  const { text, ending } = await composeText(ctx, input, { audience, endings: ['json', 'txt'] });
  if (ending === 'json') return parsed(text, input.template);
  const { id, playbook, step, startedAt, isDrill } = ctx.run;
  return {
    title,
    ...(severity === undefined ? {} : { severity }),
    stage,
    text,
    run: { id, playbook, step, startedAt, isDrill },
  };
}

function parsed(text: string, template: string | undefined): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch (error) {
    throw new PermanentFailure(`The template ${template}.json makes no JSON: ${messageOf(error)}`, { cause: error });
  }
  if (isJsonObject(value) || Array.isArray(value)) return value;
  throw new PermanentFailure(`The template ${template}.json makes neither an object nor a list`);
}
