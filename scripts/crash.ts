// npm run crash -- [--seed N] [--kills N]: the crash schedule, longer or another one than CI runs.

import { parseArgs } from 'node:util';
import { execaSync } from 'execa';

const { values } = parseArgs({ options: { seed: { type: 'string' }, kills: { type: 'string', default: '1000' } } });
const { exitCode } = execaSync('npx', ['vitest', 'run', 'test/crash/schedule.test.ts', '--testTimeout', '86400000'], {
  stdio: 'inherit',
  reject: false,
  env: { RUNBOOK_KILLS: values.kills, ...(values.seed === undefined ? {} : { RUNBOOK_SEED: values.seed }) },
});
process.exitCode = exitCode ?? 1;
