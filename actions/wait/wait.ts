import { type ActionContext, defineAction, PermanentFailure } from '../../engine/action.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
type Unit = keyof typeof UNIT_MS;
/** A wait of more than this is a slip of the pen, or a matter for a playbook of its own. */
const LONGEST_MS = 7 * UNIT_MS.d;
/** Progress is said so often, in all, and no more often than each second, nor less often than each minute. */
const SLICES = 60;

export default defineAction({
  name: 'wait',
  title: 'Wait',
  description: [
    'Waits for a length of time, or until a point in time, and says how far it is. A pause interrupts it. After one, or',
    'after a crash, `for` begins anew, the whole time; `until` does not, and one that is past ends at once.',
    'To wait for something to happen, poll it: `until` and `every` of the step that looks.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      for: {
        type: 'string',
        format: 'runbook-duration',
        description: 'How long, at most 7d: `90s`, `10m`, `2h`. Either this or `until`',
        examples: ['30s'],
      },
      until: {
        type: 'string',
        format: 'date-time',
        description: 'The time it ends at, with its zone; no more than 7 days from now',
        examples: ['2026-01-31T03:00:00Z'],
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      waitedMs: { type: 'integer', description: 'How long it waited this time; 0 where the time was past' },
      endedAt: { type: 'string', format: 'date-time', description: 'The time it ended at, UTC' },
    },
    required: ['waitedMs', 'endedAt'],
    additionalProperties: false,
  },
  async run(input, ctx) {
    const startedAt = ctx.now();
    const lengthMs = lengthOf(input, startedAt);
    if (!ctx.planning) await waitFor(ctx, lengthMs, input.until === undefined ? undefined : startedAt + lengthMs);
    const endedAt = ctx.now();
    return { waitedMs: Math.max(0, Math.round(endedAt - startedAt)), endedAt: new Date(endedAt).toISOString() };
  },
});

function lengthOf(input: { readonly for?: string; readonly until?: string }, now: number): number {
  if ((input.for === undefined) === (input.until === undefined)) {
    throw new PermanentFailure('Give either `for`, a length of time, or `until`, a point in time');
  }
  const lengthMs = input.for === undefined ? Date.parse(input.until ?? '') - now : durationMs(input.for);
  // A time with a leap second fits the format, and Date does not take it.
  if (Number.isNaN(lengthMs)) throw new PermanentFailure('The length or the time to wait cannot be read');
  if (lengthMs > LONGEST_MS) throw new PermanentFailure('It would wait for more than 7 days, which is the most');
  return Math.max(0, lengthMs);
}

function durationMs(text: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  // The expression lets nothing but the units through.
  return unit === undefined ? Number.NaN : Number(count) * UNIT_MS[unit as Unit];
}

/**
 * In slices, each a sign of life. Against a deadline the wall clock is looked at after each, for the machine may have
 * slept meanwhile; a length is counted in time that was waited.
 */
async function waitFor(ctx: ActionContext, lengthMs: number, deadline: number | undefined): Promise<void> {
  const sliceMs = Math.min(Math.max(lengthMs / SLICES, UNIT_MS.s), UNIT_MS.m);
  let leftMs = lengthMs;
  while (leftMs > 0) {
    ctx.progress(Math.round((lengthMs - leftMs) / UNIT_MS.s), Math.round(lengthMs / UNIT_MS.s), 's');
    const waitMs = Math.min(sliceMs, leftMs);
    await ctx.sleep(waitMs);
    leftMs = deadline === undefined ? leftMs - waitMs : deadline - ctx.now();
  }
}
