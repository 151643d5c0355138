// The rows of one query as they come, in chunks; the server is held back while nobody takes them. The driver's own stream
// leaves the connection unusable where it is left early.
import type { Connection, FieldPacket, Query } from 'mysql2';
import { fromMysql } from './values.ts';

export interface IncomingRows {
  chunks(): AsyncGenerator<readonly unknown[]>;
  hasEnded(): boolean;
  /** Takes what is still to come, and forgets it. */
  discard(): Promise<void>;
}

export function incomingRows(query: Query, connection: Connection, chunkSize: number): IncomingRows {
  let fields: readonly FieldPacket[] = [];
  let held: unknown[] = [];
  let isDiscarding = false;
  let end: { readonly error?: Error } | undefined;
  let wake = (): void => undefined;

  query.on('fields', (given: readonly FieldPacket[]) => {
    fields = given;
  });
  query.on('result', (row: unknown) => {
    if (isDiscarding) return;
    held.push(row);
    if (held.length < chunkSize) return;
    connection.pause();
    wake();
  });
  query.on('error', (error: Error) => {
    end = { error };
    wake();
  });
  query.on('end', () => {
    end ??= {};
    wake();
  });

  /** Until there is a chunk, or the end. */
  const more = async (): Promise<void> => {
    while (end === undefined && (isDiscarding || held.length < chunkSize))
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };

  return {
    async *chunks() {
      for (;;) {
        await more();
        if (end?.error !== undefined) throw end.error;
        // Rows of the packet at hand still come after a pause: a chunk may be longer.
        const chunk = held;
        held = [];
        if (chunk.length > 0) yield fromMysql(chunk, fields);
        if (end !== undefined && held.length === 0) return;
        connection.resume();
      }
    },
    hasEnded: () => end !== undefined,
    async discard() {
      isDiscarding = true;
      held = [];
      connection.resume();
      await more();
    },
  };
}
