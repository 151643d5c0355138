// A world as a process of its own: node serve.js --scenario FILE --state FILE [--seed N] [--port N]
// Prints one line of JSON when it is ready (it holds the drill's key), stops at SIGTERM or SIGINT.
import { parseArgs } from 'node:util';
import { messageOf, RunbookError } from '../errors.ts';
import { loadScenario } from './scenario.ts';
import { startWorld } from './world.ts';

const USAGE = 'Usage: serve --scenario FILE --state FILE [--seed N] [--port N]';

function readNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text))
    throw new RunbookError({ code: 'E_USAGE', message: `--${name} must be a number, not ${text}`, hint: USAGE });
  return Number(text);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string' },
      state: { type: 'string' },
      seed: { type: 'string' },
      port: { type: 'string' },
    },
  });
  if (values.state === undefined)
    throw new RunbookError({ code: 'E_USAGE', message: '--state is missing', hint: USAGE });
  const world = await startWorld({
    scenario: values.scenario === undefined ? undefined : loadScenario(values.scenario),
    stateFile: values.state,
    seed: readNumber('seed', values.seed),
    port: readNumber('port', values.port),
  });
  const stop = (): void => {
    void world.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const { id, apiUrl, statusUrl, appUrl, secretKey, env, ground, isResumed } = world;
  process.stdout.write(
    `${JSON.stringify({ id, pid: process.pid, isResumed, apiUrl, statusUrl, appUrl, secretKey, env, ground })}\n`,
  );
}

main().catch((error: unknown) => {
  const hint = error instanceof RunbookError && error.hint !== undefined ? `\n${error.hint}` : '';
  process.stderr.write(`${messageOf(error)}${hint}\n`);
  process.exitCode = 2;
});
