// Rows of the instance's blocklist, through the SDK: each of its methods here sends one request.
import type { ClerkCall } from './call-error.ts';
import { ClerkCallError } from './call-error.ts';
import { type ClerkClient, notJson } from './client.ts';

export interface BlockedRow {
  readonly id: string;
  readonly identifier: string;
}

/** An identifier as lists are compared by: whether Clerk minds the case of one is stated nowhere. */
export function sameAs(identifier: string): string {
  return identifier.toLowerCase();
}

/** GET /blocklist_identifiers: all of them, no paging. By `sameAs`. */
export async function readBlocklist(client: ClerkClient): Promise<ReadonlyMap<string, BlockedRow>> {
  const call: ClerkCall = { name: 'GET /blocklist_identifiers', isRepeatable: true };
  const rows = await client.read(call, async () => {
    const answer: unknown = await client.sdk.blocklistIdentifiers.getBlocklistIdentifierList();
    const list = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : answer;
    if (!Array.isArray(list)) throw notJson(call);
    return list.map((row) => parseRow(call, row));
  });
  return new Map(rows.map((row) => [sameAs(row.identifier), row]));
}

/**
 * POST /blocklist_identifiers. Asked for only where a listing had shown that it is not there: so one that is there after an
 * answer was lost is ours.
 * @returns `exists`: somebody else put it there meanwhile, and its row is theirs.
 * @throws ClerkCallError
 */
export async function blockIdentifier(client: ClerkClient, identifier: string): Promise<BlockedRow | 'exists'> {
  const call: ClerkCall = { name: 'POST /blocklist_identifiers', target: identifier, isRepeatable: true };
  try {
    return await client.send(call, async () =>
      parseRow(call, await client.sdk.blocklistIdentifiers.createBlocklistIdentifier({ identifier })),
    );
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    const isThere = error.status === 400 && error.clerkCode === 'duplicate_record';
    if (isThere && error.fate === 'not-happened') return 'exists';
    if (error.fate !== 'unknown') throw error;
    const row = await readBlocklist(client).then(
      (rows) => rows.get(sameAs(identifier)),
      () => undefined,
    );
    if (row === undefined) throw error;
    return row;
  }
}

/** DELETE /blocklist_identifiers/{id}. @returns `gone`: it was not there any more. @throws ClerkCallError */
export async function unblockRow(client: ClerkClient, { id, identifier }: BlockedRow): Promise<'deleted' | 'gone'> {
  const call: ClerkCall = { name: 'DELETE /blocklist_identifiers/{id}', target: identifier, isRepeatable: true };
  try {
    await client.send(call, async () => {
      const answer: unknown = await client.sdk.blocklistIdentifiers.deleteBlocklistIdentifier(id);
      if (typeof answer !== 'object' || answer === null) throw notJson(call);
    });
    return 'deleted';
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    // Where the answer to a try of ours was lost, a 404 is that try's doing.
    if (error.status === 404) return error.fate === 'unknown' ? 'deleted' : 'gone';
    if (error.fate !== 'unknown') throw error;
    const rows = await readBlocklist(client).catch(() => undefined);
    if (rows === undefined || rows.get(sameAs(identifier))?.id === id) throw error;
    return 'deleted';
  }
}

function parseRow(call: ClerkCall, value: unknown): BlockedRow {
  if (typeof value !== 'object' || value === null) throw notJson(call);
  const id: unknown = Reflect.get(value, 'id');
  const identifier: unknown = Reflect.get(value, 'identifier');
  if (typeof id !== 'string' || typeof identifier !== 'string') throw notJson(call);
  return { id, identifier };
}
