// POST /api/webhooks/clerk: checks the signature, drops repeats by `svix-id`, writes the user table. A bad deployment's
// handler takes anything, answers 500, or is slower than the sender waits.
import type { IncomingHttpHeaders } from 'node:http';
import { isJsonObject, type Json, type JsonObject } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import type { HttpAnswer, HttpRequest } from '../../http/server.ts';
import type { Variables } from '../../state/services/deployments.ts';
import type { BadSpec } from '../spec.ts';
import { isSignedBy } from '../webhooks/secret.ts';
import { answerJson } from './answer.ts';
import type { AppTable, RowChange } from './table.ts';

export const WEBHOOK_PATH = '/api/webhooks/clerk';
/** Longer than the sender's 15 s. */
const SLOW_MS = 20_000;
/** Set to anything but nothing, `0` or `false`, it pauses the handler. */
export const PAUSE_VARIABLE = 'WEBHOOKS_PAUSED';
export const PAUSE_FLAG = 'webhooks_paused';

export interface HandlerOptions {
  readonly context: WorldContext;
  readonly table: AppTable | undefined;
  readonly variables: Variables;
  readonly mode: BadSpec['webhooks'];
}

export async function handleWebhook(request: HttpRequest, options: HandlerOptions): Promise<HttpAnswer> {
  const { context, table, variables, mode } = options;
  if (request.method !== 'POST') return answerJson(405, { error: 'method not allowed' }, { Allow: 'POST' });
  // 503 and not 200, so that the sender keeps the message and tries again.
  if (isPaused(options)) return answerJson(503, { error: 'webhooks are paused' }, { 'Retry-After': '60' });
  if (mode === 'failing') return answerJson(500, { error: "Cannot read properties of undefined (reading 'id')" });
  if (mode === 'slow') await context.clock.sleep(SLOW_MS);
  if (mode !== 'unsigned') {
    const problem = signatureProblem(request, variables.CLERK_WEBHOOK_SIGNING_SECRET, [
      context.clock.now(),
      context.wallNow(),
    ]);
    if (problem !== undefined) return answerJson(400, { error: problem });
  }
  const payload = parse(request.body);
  if (payload === undefined) return answerJson(400, { error: 'the body is not an event' });
  const isNew = table === undefined || receive(request, payload, { table, now: context.clock.now() });
  return answerJson(200, { received: true, repeat: !isNew });
}

function isPaused({ context, table, variables }: HandlerOptions): boolean {
  if (context.state.services.app.webhooksPaused) return true;
  return isOn(variables[PAUSE_VARIABLE]) || isOn(table?.flag(PAUSE_FLAG));
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase());
}

/** @param clocks The world's may run ahead of the machine's, which those who probe sign by. */
function signatureProblem(
  { headers, body }: HttpRequest,
  secret: string | undefined,
  clocks: readonly number[],
): string | undefined {
  if (secret === undefined || secret === '') return 'CLERK_WEBHOOK_SIGNING_SECRET is not set';
  const id = one(headers, 'svix-id');
  const timestamp = one(headers, 'svix-timestamp');
  const signature = one(headers, 'svix-signature');
  if (id === undefined || timestamp === undefined || signature === undefined) return 'the message is not signed';
  const isGood = isSignedBy(secret, { id, timestamp, body }, signature, clocks);
  return isGood ? undefined : 'the signature is wrong or too old';
}

function receive(
  { headers, body }: HttpRequest,
  payload: JsonObject,
  { table, now }: { readonly table: AppTable; readonly now: number },
): boolean {
  const data = isJsonObject(payload.data) ? payload.data : {};
  const userId = text(data.object === 'user' ? data.id : data.user_id);
  return table.receive(
    { svixId: one(headers, 'svix-id'), type: text(payload.type) ?? 'unknown', userId, at: now, body },
    changeOf(payload, data, now),
  );
}

function changeOf(payload: JsonObject, data: JsonObject, now: number): RowChange | undefined {
  const id = text(data.id);
  if (id === undefined) return undefined;
  switch (payload.type) {
    case 'user.created':
    case 'user.updated':
      return {
        kind: 'upsert',
        row: {
          clerk_id: id,
          email: primaryEmail(data),
          first_name: text(data.first_name) ?? '',
          last_name: text(data.last_name) ?? '',
          updated_at: typeof data.updated_at === 'number' ? data.updated_at : now,
        },
      };
    case 'user.deleted':
      return { kind: 'delete', id, at: typeof payload.timestamp === 'number' ? payload.timestamp : now };
    default:
      return undefined;
  }
}

function primaryEmail(data: JsonObject): string | null {
  const all = Array.isArray(data.email_addresses) ? data.email_addresses.filter(isJsonObject) : [];
  return text(all.find(({ id }) => id === data.primary_email_address_id)?.email_address) ?? null;
}

function parse(body: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(body) as Json; // JSON.parse gives nothing but JSON.
    return isJsonObject(value) && typeof value.type === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
