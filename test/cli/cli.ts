// The built command line as a process of its own, in a folder of its own.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { COMPILED } from '../compile-cache.ts';

const BIN = fileURLToPath(new URL('../../bin/runbook.js', import.meta.url));

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  /** Resolves when standard output holds the text. */
  until(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Standard output so far. */
  printed(): string;
  readonly ended: Promise<Outcome>;
}

export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'runbook-cli-'));

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  runbook(...args: readonly string[]): Promise<Outcome> {
    return this.start(args).ended;
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    // The tests themselves may be started by npx.
    const { NODE_ENV: _, CLERK_SECRET_KEY: __, npm_command: ___, ...rest } = process.env;
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.folder,
      env: {
        ...rest,
        HOME: this.folder,
        NODE_COMPILE_CACHE: COMPILED,
        XDG_STATE_HOME: join(this.folder, 'state'),
        RUNBOOK_OPERATOR: 'ana',
        NO_COLOR: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const waiters = new Set<() => void>();
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      for (const look of waiters) look();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Outcome>((resolve) =>
      child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr })),
    );
    return {
      ended,
      kill: (signal) => void child.kill(signal),
      printed: () => stdout,
      until: (text) =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (stdout.includes(text)) resolve();
          };
          waiters.add(look);
          look();
          void ended.then(() => reject(new Error(`It ended without printing ${text}:\n${stdout}\n${stderr}`)));
        }),
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A playbook of manual steps: needs nothing from outside. */
export const MANUAL_PLAYBOOK = `apiVersion: runbook/v1
name: by-hand
title: By hand
category: data
severity: P3
symptoms: [Something is off]
inputs:
  region: { type: string, enum: [eu, us], default: eu, description: Where }
steps:
  - id: look
    title: Look at it
    manual: "Look at \${{ inputs.region }}."
    fields:
      count: { type: integer, minimum: 0, description: How many }
  - id: act
    title: Act on it
    when: steps.look.output.count > 0
    manual: Do it.
    approval: { by: 1, role: security }
`;

/** A manual step that proposes a list. */
export const OFFERS_PLAYBOOK = `apiVersion: runbook/v1
name: offers
title: Offers
category: data
severity: P3
inputs:
  region: { type: string, default: eu }
steps:
  - id: confirm
    title: Confirm
    manual: "Confirm them in \${{ inputs.region }}."
    fields:
      users:
        type: array
        items: { type: string }
        default: [a, b, c, d]
        description: Whom to contain
      notified: { type: integer, description: How many were told }
`;

/** Changes something, with the operator's own confirmation. */
export const CONFIRMED_PLAYBOOK = `apiVersion: runbook/v1
name: confirmed
title: Confirmed
category: data
severity: P3
steps:
  - id: restart
    title: Restart the service
    uses: shell.run
    effect: change
    target: { kind: service, id: shop }
    approval: {}
    with: { command: [echo, restarted] }
`;
