// Write-ahead logging: readers and the writer do not wait for one another. The file remembers it.
import { setTimeout as sleep } from 'node:timers/promises';
import type Database from 'better-sqlite3';

const RETRY_MS = 20;

/**
 * SQLite does not wait for the lock this change needs (its busy handler is not called: two processes that both hold a
 * read lock would wait for ever), so the first two processes of a new store take turns here.
 */
export async function enableWal(handle: Database.Database, busyTimeoutMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    try {
      handle.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!isBusy || waitedMs >= busyTimeoutMs) throw error;
      await sleep(RETRY_MS);
    }
  }
}
