// Erases a value from a run: first shown where it stands, then erased under the lease, then looked for in the files.
import { RunbookError } from '../../errors.ts';
import { checkRun, isWhole, storedRun } from '../../store/check-run.ts';
import type { Fence, RunRow, Store } from '../../store/journal.ts';
import { applyRedaction, type Erasure, planRedaction, type RedactionPlan } from '../../store/redact.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { checkLines } from '../keeping/check-lines.ts';
import { type ErasureOptions, erasureOf, eventLines } from '../keeping/erasure.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { filesHolding } from '../keeping/files-holding.ts';
import { filesOf, leftBehind } from '../keeping/left-behind.ts';
import { erasedLines, placesText, planLines } from '../keeping/redaction-lines.ts';
import { isConfirmed } from '../runs/confirm.ts';
import { findRun } from '../runs/find-run.ts';
import { newHolder } from '../runs/held-by.ts';
import { requireSameStanding, standingOf } from '../runs/same-standing.ts';

interface RedactOptions extends CommonOptions, ErasureOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export async function redact(app: App, given: string, options: RedactOptions): Promise<number> {
  const store = await existingJournal(app);
  const run = await findRun(store, given);
  const erasure = await erasureOf(options, process.stdin);
  if (erasure === null) return showEvent(app, store, run.id, options.event ?? 0);
  // From here on no line that is printed holds it.
  if ('value' in erasure) app.redactor.add('erased', erasure.value);
  const { reason } = options;
  if ((reason ?? '').trim() === '' && options.dryRun !== true)
    throw new RunbookError({
      code: 'E_USAGE',
      message: 'Erasing needs a reason',
      hint: 'Add --reason TEXT, without the value in it; or --dry-run, which erases nothing',
    });
  const fence = await store.acquire(run.id, newHolder(app));
  try {
    const work: Work = { app, store, run, erasure, fence, reason: reason ?? '' };
    return await underLease(work, options);
  } finally {
    await store.release(run.id, fence);
  }
}

interface Work {
  readonly app: App;
  readonly store: Store;
  readonly run: RunRow;
  readonly erasure: Erasure;
  readonly fence: Fence;
  readonly reason: string;
}

async function underLease(work: Work, options: RedactOptions): Promise<number> {
  const { app, store, run, erasure } = work;
  await requireWhole(app, store, run.id);
  const plan = await planRedaction(store, run.id, erasure);
  const hasPlaces = plan.events.length + plan.blobs.length > 0;
  // What an erasure that was cut short left there, or another run.
  const files = 'value' in erasure && !hasPlaces ? filesHolding(erasure.value, await filesOf(store)) : [];
  const isOnlyShown = options.dryRun === true || (!hasPlaces && files.length === 0);
  if (!app.isJson) for (const line of planLines(app, run.id, plan)) app.terminal.print(line);
  else if (isOnlyShown) app.terminal.print(JSON.stringify({ run: run.id, found: foundJson(plan) }));
  if (isOnlyShown) return options.dryRun === true || plan.heads.length === 0 ? EXIT.done : EXIT.failed;
  const message = hasPlaces
    ? `Erase it for good, from ${placesText(plan)}?`
    : 'Rebuild the store, in whose files it still stands?';
  if (!(await isConfirmed(app, { message, yes: options.yes === true }))) {
    app.terminal.print('Nothing was erased.');
    return EXIT.waiting;
  }
  if (hasPlaces) await apply(work, plan);
  return tellEnd(work, plan, await store.compact());
}

async function apply({ app, store, run, erasure, fence, reason }: Work, plan: RedactionPlan): Promise<void> {
  const before = await standingOf(store.rows(run.id));
  await applyRedaction(store, {
    runId: run.id,
    fence,
    erasure,
    plan,
    reason,
    by: app.operator,
    check: (events) => requireSameStanding(before, events),
  });
}

async function tellEnd({ app, store, run, erasure }: Work, plan: RedactionPlan, isCompact: boolean): Promise<number> {
  const value = 'value' in erasure ? erasure.value : null;
  const left = await leftBehind(app, store, { runId: run.id, value, isCompact, heads: plan.heads });
  if (app.isJson) app.terminal.print(JSON.stringify({ run: run.id, erased: foundJson(plan), left }));
  else {
    const { done, toDo } = erasedLines(app, plan, left);
    for (const line of done) app.terminal.print(line);
    for (const line of toDo) app.terminal.tell(line);
  }
  return left.isGone ? EXIT.done : EXIT.failed;
}

function foundJson({ events, blobs, heads }: RedactionPlan): object {
  return { events, files: blobs, heads };
}

/** What was tampered with must not be covered by an erasure. */
async function requireWhole(app: App, store: Store, runId: string): Promise<void> {
  const check = await checkRun(await storedRun(store, runId));
  if (isWhole(check)) return;
  const found = checkLines(runId, check, app.terminal.errorPalette).slice(1, -1);
  throw new RunbookError({
    code: 'E_VERIFY_BROKEN',
    message: `The journal of ${runId} is not what was written, so nothing is erased from it\n${found.join('\n')}`,
    hint: `runbook verify ${runId}; restore it from a backup or an export first`,
  });
}

async function showEvent(app: App, store: Store, runId: string, seq: number): Promise<number> {
  for await (const event of store.rows(runId, { after: seq - 1, limit: 1 })) {
    if (event.seq !== seq) break;
    const { type, data } = event;
    if (app.isJson) app.terminal.print(JSON.stringify({ run: runId, seq, type, data: JSON.parse(data) }));
    else for (const line of eventLines(event)) app.terminal.print(line);
    return EXIT.done;
  }
  throw new RunbookError({
    code: 'E_REDACT_PLACE',
    message: `The run ${runId} has no event ${seq}`,
    hint: `runbook status ${runId} says how many it has`,
  });
}
