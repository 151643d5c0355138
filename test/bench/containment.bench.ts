// Containment against the drill's emulator, under Clerk's own limit: the two scripts that most people paste into an
// incident, as they stand, and our actions. Each on a world of its own: what did it send, how long did it take, and which
// sessions of the compromised users are live afterwards?
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import banUsers from '../../actions/clerk/ban-users.ts';
import lockoutUsers from '../../actions/clerk/lockout-users.ts';
import revokeSessions from '../../actions/clerk/revoke-sessions.ts';
import type { WorldFacts } from '../../engine/drill/inspect.ts';
import type { RouteCount } from '../../engine/drill/request-log.ts';
import { messageOf } from '../../engine/errors.ts';
import { installGate } from '../../engine/run/gate.ts';
import { openWorldIn } from '../run/harness.ts';
import type { Bench } from './run.ts';

/** Some of them with more sessions than a page of the listing shows, some with pending ones. */
const scenarioOf = (users: number): object => ({
  apiVersion: 'runbook/v1',
  kind: 'Scenario',
  name: 'containment',
  title: 'Containment',
  playbook: 'none',
  seed: 11,
  alert: 'None.',
  world: {
    users: users * 3,
    compromised: { count: users, manySessions: { users: users / 20, sessions: 27 }, pendingSessions: users / 10 },
  },
});

interface Served {
  readonly apiUrl: string;
  readonly secretKey: string;
  readonly ground: { readonly compromised: readonly string[] };
}

type Contain = (world: Served, folder: string) => Promise<void>;

export const bench: Bench = async (print) => {
  for (const users of [100, 400]) {
    await table(print, users, [
      ["the seed's emergency-session-revoke", seedScript('emergency-session-revoke', 'revokeUserSessions')],
      ['clerk.revoke-sessions', action('clerk.revoke-sessions')],
      ["the seed's emergency-lockout", seedScript('emergency-lockout', 'lockoutUser')],
      ['clerk.ban-users', action('clerk.ban-users')],
      ['clerk.lockout-users, with proof', action('clerk.lockout-users')],
    ]);
  }
  await table(print, 1_000, [['clerk.lockout-users, with proof', action('clerk.lockout-users')]]);
  await table(print, 10_000, [
    ['clerk.ban-users', action('clerk.ban-users')],
    ['clerk.ban-users, a domain protected', action('clerk.ban-users', ['example.org'])],
  ]);
};

async function table(
  print: (line: string) => void,
  users: number,
  rows: readonly (readonly [string, Contain])[],
): Promise<void> {
  const head = `${users.toLocaleString('en')} compromised users, 1,000 requests in 10 s`;
  print(`${head.padEnd(50)} requests      time   sessions left live`);
  for (const [name, contain] of rows) await row(print, users, name, contain);
}

async function row(print: (line: string) => void, users: number, name: string, contain: Contain): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'runbook-bench-'));
  writeFileSync(join(folder, 'world.yaml'), JSON.stringify(scenarioOf(users)));
  const serve = new URL('../../engine/drill/serve.ts', import.meta.url).pathname;
  const args = [serve, '--scenario', join(folder, 'world.yaml'), '--state', join(folder, 'world.ndjson')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const world = JSON.parse(String(line)) as Served;
    const start = performance.now();
    const failure = await contain(world, folder).then(
      () => '',
      (error: unknown) => `, stopped: ${messageOf(error)}`,
    );
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const { routes } = await view<{ readonly routes: readonly RouteCount[] }>(world, 'requests');
    const requests = routes.reduce((sum, route) => sum + route.requests, 0);
    const { concerned } = await view<WorldFacts>(world, 'state');
    const left = concerned
      .filter(({ role }) => role === 'compromised')
      .reduce((sum, { liveSessions }) => sum + liveSessions, 0);
    print(
      `  ${name.padEnd(48)} ${String(requests).padStart(8)} ${seconds.padStart(7)} s ${String(left).padStart(20)}${failure}`,
    );
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function view<T>({ apiUrl }: Served, name: string): Promise<T> {
  return (await (await fetch(`${apiUrl}/__world/${name}`)).json()) as T;
}

/** The script's own text; only where `clerkClient` comes from and the line that names one user are ours. */
function seedScript(name: string, exported: string): Contain {
  return async ({ apiUrl, secretKey, ground }, folder) => {
    const text = readFileSync(new URL(`../fixtures/seed-scripts/${name}.ts.txt`, import.meta.url), 'utf8')
      .replace('@clerk/nextjs/server', './clerk-nextjs.ts')
      .replace(/^\w+\('user_xxx'\)$/m, '');
    symlinkSync(new URL('../../node_modules', import.meta.url).pathname, join(folder, 'node_modules'));
    writeFileSync(join(folder, `${name}.ts`), `${text}\nexport { ${exported} };\n`);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const settings = JSON.stringify({ apiUrl, secretKey, telemetry: { disabled: true } });
    writeFileSync(
      join(folder, 'clerk-nextjs.ts'),
      `import { createClerkClient } from '@clerk/backend';\nexport const clerkClient = async () => createClerkClient(${settings});\n`,
    );
    const script = (await import(join(folder, `${name}.ts`))) as {
      readonly [name: string]: (user: string) => Promise<void>;
    };
    const log = console.log;
    console.log = () => undefined;
    try {
      for (const user of ground.compromised) await script[exported]?.(user);
    } finally {
      console.log = log;
    }
  };
}

/**
 * One step of a playbook, through compiler, journal, ledger and gate.
 * @param domains whose addresses the project protects: the attributes of every user are needed to judge that.
 */
function action(name: string, domains: readonly string[] = []): Contain {
  return async ({ apiUrl, secretKey, ground }, folder) => {
    const uninstall = installGate();
    const engine = await openWorldIn(folder, banUsers, revokeSessions, lockoutUsers);
    try {
      const { state } = await engine.start(
        `apiVersion: runbook/v1
name: contain
title: Contain
inputs: { users: { type: array, items: { type: string } } }
steps:
  - id: contain
    title: Contain
    uses: ${name}
    with: { users: "\${{ inputs.users }}" }
    approval: { none: A benchmark }
`,
        {
          inputs: { users: ground.compromised },
          env: { CLERK_SECRET_KEY: secretKey, CLERK_API_URL: apiUrl },
          engine: { rules: { limits: {}, protect: { ids: [], emails: [], domains, metadata: [] } } },
        },
      );
      if (state.outcome !== 'done') throw new Error(state.steps.get('contain')?.error?.message ?? 'not done');
    } finally {
      await engine.close();
      uninstall();
    }
  };
}
