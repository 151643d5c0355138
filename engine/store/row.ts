// Between an event and its row. Here, and only here, a draft is redacted, digested and chained.
import { messageOf, RunbookError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { EVENT_VERSIONS } from '../run/event-rules.ts';
import type { Draft, RunEvent } from '../run/events.ts';
import { digestData, hashEvent } from './chain.ts';
import type { Redactor } from './journal.ts';
import type { EventsTable } from './schema.ts';
import { upcast } from './upcast.ts';

/** A draft ready to be placed: what can fail has been done. */
export interface PreparedDraft {
  readonly type: string;
  readonly v: number;
  readonly actor: string;
  readonly step: string | null;
  readonly data: string;
  readonly salt: string;
  readonly digest: string;
}

/**
 * Redacts a draft and digests it.
 * @param salt hex, fresh for every event.
 * @throws E_STORE_NOT_JSON where its data is not JSON (a BigInt, NaN, a cycle): nothing is quietly turned into null.
 */
export function prepareDraft(draft: Draft, redactor: Redactor, salt: string): PreparedDraft {
  const v = Object.hasOwn(EVENT_VERSIONS, draft.type) ? EVENT_VERSIONS[draft.type] : undefined;
  if (v === undefined) {
    throw new RunbookError({ code: 'E_INTERNAL', message: `There is no event type '${String(draft.type)}'` });
  }
  const data = dataText(draft, redactor);
  return {
    type: draft.type,
    v,
    actor: headText(draft.actor, redactor),
    step: draft.step === undefined ? null : headText(draft.step, redactor),
    data,
    salt,
    digest: digestData(salt, data),
  };
}

/** Gives a prepared draft its place behind `previous`. */
export function placeDraft(
  draft: PreparedDraft,
  runId: string,
  at: string,
  previous: { readonly seq: number; readonly hash: string },
): EventsTable {
  const { type, v, actor, step, data, salt, digest } = draft;
  const seq = previous.seq + 1;
  const hash = hashEvent(previous.hash, { runId, seq, at, actor, type, v, step }, digest);
  return { run_id: runId, seq, at, actor, type, v, step, data, salt, digest, hash };
}

/**
 * A row as the event this engine folds. Also what a writer gets back for its own drafts, so that live and resumed
 * runs fold the same values.
 * @throws E_STORE_CORRUPT where its data is not a JSON object, E_STORE_NEWER
 */
export function eventOf(row: EventsTable): RunEvent {
  const current = upcast({ type: row.type, v: row.v, data: parseData(row) });
  const event = {
    seq: row.seq,
    at: row.at,
    type: row.type,
    v: current.v,
    actor: row.actor,
    ...(row.step === null ? {} : { step: row.step }),
    data: current.data,
    hash: row.hash,
  };
  // Safe as far as the writer was typed: rows come only from drafts, and upcast() refuses types it does not know.
  return event as unknown as RunEvent;
}

function parseData(row: EventsTable): JsonObject {
  try {
    return JSON.parse(row.data) as JsonObject;
  } catch (cause) {
    throw new RunbookError({
      code: 'E_STORE_CORRUPT',
      message: `Event ${row.seq} of run ${row.run_id} does not hold JSON`,
      hint: `runbook verify ${row.run_id} names what was changed`,
      cause,
    });
  }
}

/**
 * The text that is stored and digested. Keys keep their writer's order: the digest is over the bytes, and a report
 * shows values in the order their author gave them.
 */
function dataText(draft: Draft, redactor: Redactor): string {
  try {
    // EventData is JSON by construction; its optional fields keep TypeScript from seeing that.
    return JSON.stringify(redactor.json(draft.data as unknown as Json), refuseNonNumbers);
  } catch (cause) {
    if (cause instanceof RunbookError) throw cause;
    throw new RunbookError({
      code: 'E_STORE_NOT_JSON',
      message: `The data of '${draft.type}'${draft.step === undefined ? '' : ` of ${draft.step}`} is not JSON: ${messageOf(cause)}`,
      cause,
    });
  }
}

function refuseNonNumbers(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`'${key}' is ${value}`);
  return value;
}

/** Head fields are hashed as they come back from the database, which keeps neither NUL nor half a surrogate pair. */
function headText(text: string, redactor: Redactor): string {
  return redactor.text(text).toWellFormed().replaceAll('\0', '\u{FFFD}');
}
