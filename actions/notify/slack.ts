import { type ActionContext, defineAction, PermanentFailure } from '../../engine/action.ts';
import { type Answer, RequestFailure } from '../http/exchange.ts';
import { type PreparedRequest, prepareRequest } from '../http/prepare.ts';
import { composeText, digestOf, type MessageInput, plainText } from './message/compose.ts';
import { deliver } from './message/deliver.ts';
import { DEFAULT_TEMPLATES, MESSAGE, SHOWN_INPUTS } from './message/inputs.ts';
import { post } from './message/post.ts';
import { slackPayload } from './slack-message/blocks.ts';

const STAGE_WORDS = { start: 'Incident', update: 'Update', resolved: 'Resolved' } as const;

export default defineAction({
  name: 'notify.slack',
  title: 'Send a message to Slack',
  description: [
    "Posts to a channel through Slack's incoming webhook, which stands for the channel: its title, how bad it is, and a text",
    'from a template or as given. Nothing in the text can mention anybody; `mention` does. Slack knows no key by which it',
    'would take a message once only: one whose answer was lost is put before a person.',
  ].join('\n'),
  effect: 'change',
  idempotent: false,
  input: {
    type: 'object',
    properties: {
      ...MESSAGE,
      channel: {
        type: 'string',
        minLength: 1,
        maxLength: 80,
        pattern: '^\\S+$',
        default: '#incidents',
        description: "What the webhook's channel is called, for the journal and the report: Slack itself knows",
      },
      mention: {
        type: 'array',
        maxItems: 20,
        items: { type: 'string', pattern: '^(?:here|channel|everyone|[USW][A-Z0-9]{2,20})$' },
        description: 'Who is called: here, channel, everyone, or ids of users (U…) and user groups (S…)',
      },
      url: {
        type: 'string',
        pattern: '^https?://',
        description: "The webhook's address, where it is not SLACK_WEBHOOK_URL: `${{ secrets.OTHER_CHANNEL }}`",
      },
    },
    required: ['title'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      sent: { type: 'boolean', description: 'False in a plan, and where a person said to leave it' },
      channel: { type: 'string' },
      text: { type: 'string', description: 'What was sent, as Slack formats it' },
    },
    required: ['sent', 'channel', 'text'],
    additionalProperties: false,
  },
  secrets: ['SLACK_WEBHOOK_URL'],
  exposes: [...SHOWN_INPUTS],
  templates: DEFAULT_TEMPLATES,
  async run(input, ctx) {
    const { channel = '#incidents', mention = [], stage = 'update' } = input;
    const title = await plainText(ctx, input.title);
    const body = await bodyOf(ctx, input);
    const context = [STAGE_WORDS[stage], input.severity, `run ${ctx.run.id}`].filter((part) => part !== undefined);
    const payload = slackPayload({
      title,
      escapedTitle: await plainText(ctx, title, 'mrkdwn'),
      context: context.join(' · '),
      body,
      mentions: mention,
    });
    const request = webhookRequest(input.url ?? (await ctx.secret('SLACK_WEBHOOK_URL')), payload);
    const delivered = await deliver(
      ctx,
      {
        kind: 'message',
        id: `slack ${channel}`,
        verb: 'send',
        after: { title, digest: digestOf([JSON.stringify(payload)]) },
      },
      async () => checkAnswer(request, await post(ctx, request).catch(explained)),
    );
    return { sent: delivered === 'sent', channel, text: body };
  },
});

async function bodyOf(ctx: ActionContext, input: MessageInput): Promise<string> {
  const { text, ending } = await composeText(ctx, input, { audience: 'team', endings: ['mrkdwn', 'txt'] });
  return ending === 'mrkdwn' ? text : plainText(ctx, text, 'mrkdwn');
}

/** Its path is the secret: no message says it. */
function webhookRequest(address: string, payload: object): PreparedRequest {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new PermanentFailure("The address of Slack's webhook is no http or https address");
  }
  return {
    ...prepareRequest({ method: 'POST', url: address, json: payload }),
    line: `Slack's webhook at ${url.host}`,
  };
}

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "Handling errors". */
const HINTS: { readonly [error: string]: string } = {
  invalid_token: 'the webhook was removed: make a new one in Slack',
  no_active_hooks: 'the webhook was turned off: make a new one in Slack',
  no_service: 'there is no such webhook: it was removed, or the address is wrong',
  no_service_id: 'there is no such webhook: it was removed, or the address is wrong',
  no_team: "the workspace is gone, or the webhook's address is wrong",
  team_disabled: 'the workspace is disabled',
  channel_not_found: 'the channel is gone: make a new webhook for another',
  channel_is_archived: 'the channel is archived: make a new webhook for another',
  action_prohibited: 'an administrator of the workspace has forbidden it',
  posting_to_general_channel_denied: 'only some may post there: use a webhook for another channel',
};

function explained(thrown: unknown): never {
  if (!(thrown instanceof RequestFailure)) throw thrown;
  const hint = Object.entries(HINTS).find(([error]) => new RegExp(`\\b${error}$`).test(thrown.message))?.[1];
  if (hint === undefined) throw thrown;
  const { fate, isTransient } = thrown;
  throw new RequestFailure(`${thrown.message} (${hint})`, { fate, isTransient, cause: thrown });
}

/** Slack's whole answer to a message that it took is `ok`. Anything else came from something in between. */
function checkAnswer({ line }: PreparedRequest, { status, text }: Answer): void {
  if (text.trim() === 'ok') return;
  const said = text.replace(/\s+/g, ' ').trim().slice(0, 100);
  throw new RequestFailure(
    `${line} answered ${status}, but not as Slack does: ${said === '' ? 'an empty text' : said}`,
    {
      fate: 'unknown',
      isTransient: false,
    },
  );
}
