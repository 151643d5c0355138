// The words of a message, from its text or a template. The same in each attempt: nothing in them depends on when they are made.
import { createHash } from 'node:crypto';
import { type ActionContext, type JsonObject, PermanentFailure, RunbookError } from '../../../engine/action.ts';
import { DEFAULT_TEXT_KEYS } from './inputs.ts';

export type Severity = 'P1' | 'P2' | 'P3' | 'P4';
type Stage = 'start' | 'update' | 'resolved';

export interface MessageInput {
  readonly title: string;
  readonly severity?: Severity;
  readonly stage?: Stage;
  readonly audience?: 'team' | 'users';
  readonly text?: string;
  readonly template?: string;
  /** Any fields. */
  readonly data?: object;
}

export interface ComposeOptions {
  /** Where the step does not say it. */
  readonly audience: 'team' | 'users';
  /** Endings of templates that this kind of message can be made of, the best first. */
  readonly endings: readonly string[];
  /** More for the template, beside title, severity, stage, audience, run and data. */
  readonly more?: JsonObject;
}

export interface Composed {
  readonly text: string;
  /** Of the template it was made of. */
  readonly ending: string;
}

/** @throws PermanentFailure, E_TEMPLATE_… */
export async function composeText(ctx: ActionContext, input: MessageInput, options: ComposeOptions): Promise<Composed> {
  const { stage = 'update', audience = options.audience, template, text } = input;
  if (text !== undefined) {
    if (template === undefined && input.data === undefined) return { text: await plainText(ctx, text), ending: 'txt' };
    throw new PermanentFailure('`text` is the whole message: `template` and `data` have no place beside it');
  }
  if (template === undefined) checkKeys(input.data);
  return firstOf(ctx, template ?? `notify/${stage}-${audience}`, options.endings, {
    ...templateData(ctx, input, { stage, audience }),
    ...options.more,
  });
}

/** Through a template like every text, so that a secret in it is hidden; `mrkdwn`: escaped for Slack. */
export async function plainText(ctx: ActionContext, text: string, ending: 'txt' | 'mrkdwn' = 'txt'): Promise<string> {
  return tidy(await ctx.template(`notify/text.${ending}`, { text }));
}

/** The first of these forms that the template has. @throws E_TEMPLATE_UNKNOWN where it has none of them. */
async function firstOf(
  ctx: ActionContext,
  base: string,
  endings: readonly string[],
  data: JsonObject,
): Promise<Composed> {
  for (const ending of endings) {
    const text = await renderIfThere(ctx, `${base}.${ending}`, data);
    if (text === undefined) continue;
    if (text === '') throw new PermanentFailure(`The template ${base}.${ending} makes an empty message of these data`);
    return { text, ending };
  }
  throw new PermanentFailure(
    `There is no template ${base} for this kind of message: neither the project nor the engine has ${endings.map((ending) => `templates/${base}.${ending}.hbs`).join(' or ')}`,
  );
}

/** undefined where there is no such template. */
export async function renderIfThere(ctx: ActionContext, name: string, data: JsonObject): Promise<string | undefined> {
  try {
    return tidy(await ctx.template(name, data));
  } catch (error) {
    if (error instanceof RunbookError && error.code === 'E_TEMPLATE_UNKNOWN') return undefined;
    throw error;
  }
}

/** What every template of a message is given. */
export function templateData(
  { run }: ActionContext,
  { title, severity, data = {} }: MessageInput,
  said: { readonly stage: Stage; readonly audience: string },
): JsonObject {
  const { id, playbook, step, startedAt, isDrill } = run;
  return {
    title,
    ...said,
    ...(severity === undefined ? {} : { severity }),
    run: { id, playbook, step, startedAt, isDrill },
    // Given by the step: plain data, checked as an object.
    data: data as JsonObject,
  };
}

function checkKeys(data: object | undefined): void {
  const unknown = Object.keys(data ?? {}).filter((key) => !DEFAULT_TEXT_KEYS.has(key));
  if (unknown.length === 0) return;
  throw new PermanentFailure(
    `The default texts do not read ${unknown.join(', ')} among \`data\`, only ${[...DEFAULT_TEXT_KEYS].join(', ')}. Name a \`template\` of your own that does`,
  );
}

/** What templates leave behind where a part was not there. */
function tidy(text: string): string {
  return text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Tells two messages apart in the ledger. */
export function digestOf(parts: readonly (string | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex')
    .slice(0, 32);
}
