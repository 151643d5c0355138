// Where a running sandbox is: left in the state folder, so that `runbook sandbox fault` finds it without being told.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { isJsonObject, type Json } from '../../json.ts';
import type { App } from '../app.ts';
import { worldFolder } from './drill-world.ts';

export interface RunningSandbox {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
}

function fileOf(app: App): string {
  return join(worldFolder(app), 'sandbox-running.json');
}

/** Mode 0600: it holds the token. */
export function writeRunning(app: App, running: RunningSandbox): void {
  rmSync(fileOf(app), { force: true });
  writeFileSync(fileOf(app), `${JSON.stringify(running)}\n`, { mode: 0o600 });
}

/** Takes the file away, unless another sandbox has written its own meanwhile. */
export function forgetRunning(app: App, { token }: RunningSandbox): void {
  if (readRunning(app)?.token === token) rmSync(fileOf(app), { force: true });
}

/** @throws E_SANDBOX_NONE */
export function runningSandbox(app: App): RunningSandbox {
  const running = readRunning(app);
  if (running !== null) return running;
  throw noSandbox();
}

export function noSandbox(cause?: unknown): RunbookError {
  return new RunbookError({
    code: 'E_SANDBOX_NONE',
    message: 'No sandbox is running here',
    hint: 'Start one in another terminal: runbook sandbox --scenario NAME',
    cause,
  });
}

function readRunning(app: App): RunningSandbox | null {
  let value: Json;
  try {
    value = JSON.parse(readFileSync(fileOf(app), 'utf8')) as Json; // JSON.parse gives nothing but JSON.
  } catch {
    return null; // None, or one that was killed while it wrote this.
  }
  if (!isJsonObject(value)) return null;
  const { url, token, pid } = value;
  return typeof url === 'string' && typeof token === 'string' && typeof pid === 'number' ? { url, token, pid } : null;
}
