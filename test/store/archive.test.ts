import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { archiveContract } from './archive-contract.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runbook-archive-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

archiveContract('SQLite', async () => (options) => openSqliteJournal({ file: join(folder, 'runs.db'), ...options }));
