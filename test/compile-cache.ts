// Where processes that tests start keep compiled code: all in one place, or each would compile everything anew.
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const COMPILED = join(tmpdir(), `runbook-test-compiled-${process.getuid?.() ?? 'all'}`);
