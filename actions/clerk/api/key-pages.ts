// Lists that the Backend API pages by offset: read to the end, a row that shifted twice kept once. Beside the SDK, whose
// methods for API keys and machine tokens ask another path than the OpenAPI file has (without /v1).
import { isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import { ClerkCallError } from './call-error.ts';
import { type ClerkClient, notJson } from './client.ts';

/** Keeps a broken pager from turning for ever. */
const MAX_PAGES = 1000;

export interface KeyList {
  /** As errors name it: `GET /api_keys`. */
  readonly name: string;
  readonly target?: string;
  /** Below /v1. */
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly pageSize: number;
  /** Where the rows stand in the answer. */
  readonly rowsAt: 'data' | 'm2m_tokens';
}

/** All rows, by their `id`. @throws PermanentFailure for a refusal; ClerkCallError. */
export async function readAll(client: ClerkClient, list: KeyList): Promise<JsonObject[]> {
  const { name, target, path, query = [], pageSize, rowsAt } = list;
  const call = { name, isRepeatable: true, ...(target === undefined ? {} : { target }) };
  const found = new Map<string, JsonObject>();
  for (let page = 0; page < MAX_PAGES; page++) {
    const rows = await client.read(call, async () => {
      const paging = [
        ['limit', String(pageSize)],
        ['offset', String(page * pageSize)],
      ] as const;
      const body = await client.request(call, { method: 'GET', path, query: [...query, ...paging] });
      // A bare array is what some lists answer by the file; {data} or {m2m_tokens} the others.
      const rows: Json | undefined = isJsonObject(body) ? body[rowsAt] : body;
      if (!Array.isArray(rows)) throw notJson(call);
      return rows.map((row) => {
        if (!isJsonObject(row) || typeof row.id !== 'string') throw notJson(call);
        return { id: row.id, row };
      });
    });
    for (const { id, row } of rows) found.set(id, row);
    if (rows.length < pageSize) return [...found.values()];
  }
  throw new ClerkCallError(call, { text: `more than ${MAX_PAGES * pageSize} rows` });
}

/** The status of the answer that made a read fail; undefined where it was none of Clerk's refusals. */
export function refusalOf(error: unknown): number | undefined {
  const cause = error instanceof ClerkCallError ? error : error instanceof Error ? error.cause : undefined;
  return cause instanceof ClerkCallError ? cause.status : undefined;
}

export function textIn(row: JsonObject, name: string): string | undefined {
  const value = row[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
