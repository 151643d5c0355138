// How many small reads a second the drill's Clerk emulator answers: a process of its own serves, this one asks over
// kept-alive connections. The clients are plain sockets, so that they are not what is measured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Bench } from './run.ts';

const USERS = 10_000;
const CONNECTIONS = 16;
const WARM_UP_MS = 1_000;
const MEASURED_MS = 3_000;
/** What issue 7 asks of one core, so that the emulator is never the bottleneck of another benchmark. */
const WANTED = 3_000;

const SCENARIO = {
  apiVersion: 'runbook/v1',
  kind: 'Scenario',
  name: 'bench',
  title: 'Bench',
  playbook: 'none',
  seed: 7,
  alert: 'None.',
  world: {
    users: USERS,
    instance: { rateLimit: { requests: 1_000_000, windowMs: 1_000 } },
    compromised: { count: 10 },
  },
};

interface Served {
  readonly pid: number;
  readonly apiUrl: string;
  readonly secretKey: string;
}

export const bench: Bench = async (print) => {
  const folder = mkdtempSync(join(tmpdir(), 'runbook-bench-'));
  const scenario = join(folder, 'bench.yaml');
  writeFileSync(scenario, JSON.stringify(SCENARIO));
  const serve = new URL('../../engine/drill/serve.ts', import.meta.url).pathname;
  const args = [serve, '--scenario', scenario, '--state', join(folder, 'world.ndjson')];
  const flags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter(Boolean);
  const child = spawn(process.execPath, [...flags, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const world = JSON.parse(String(line)) as Served;
    const ids = await someUsers(world);
    let turn = 0;
    const next = (): string => {
      turn += 1;
      return ids[turn % ids.length] ?? '';
    };
    await measure(print, world, 'GET /users/{id}', () => `/v1/users/${next()}`);
    await measure(print, world, 'GET /sessions?user_id', () => `/v1/sessions?user_id=${next()}`);
    await measure(print, world, 'GET /users?limit=10', () => '/v1/users?limit=10');
  } finally {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true });
  }
};

async function someUsers({ apiUrl, secretKey }: Served): Promise<readonly string[]> {
  const response = await fetch(`${apiUrl}/v1/users?limit=500`, { headers: { Authorization: `Bearer ${secretKey}` } });
  return ((await response.json()) as { id: string }[]).map(({ id }) => id);
}

async function measure(print: (line: string) => void, world: Served, name: string, path: () => string): Promise<void> {
  await ask(world, path, WARM_UP_MS);
  const cpuBefore = cpuSeconds(world.pid);
  const start = performance.now();
  const answers = await ask(world, path, MEASURED_MS);
  const seconds = (performance.now() - start) / 1000;
  const cpu = cpuBefore === undefined ? undefined : (cpuSeconds(world.pid) ?? 0) - cpuBefore;
  const perSecond = answers / seconds;
  const perCore = cpu === undefined || cpu === 0 ? '' : `, ${(answers / cpu).toFixed(0)} per second of its CPU`;
  print(
    `${name}: ${perSecond.toFixed(0)} requests/s${perCore} (wanted: ${WANTED}; ${(perSecond / WANTED).toFixed(2)} of it)`,
  );
}

/** User and system time of a process, where the machine tells (Linux: /proc/PID/stat, fields 14 and 15, in 1/100 s). */
function cpuSeconds(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

/** @returns how many answers came within the time; each was a 200. */
async function ask(world: Served, path: () => string, forMs: number): Promise<number> {
  const end = performance.now() + forMs;
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => askOn(world, path, () => performance.now() < end)),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** One request after the other on one connection. */
function askOn({ apiUrl, secretKey }: Served, path: () => string, goesOn: () => boolean): Promise<number> {
  const { hostname, port } = new URL(apiUrl);
  return new Promise((resolve, reject) => {
    const socket: Socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
    const send = (): boolean =>
      socket.write(`GET ${path()} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${secretKey}\r\n\r\n`);
    let received = '';
    let count = 0;
    socket.setEncoding('latin1');
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (part: string) => {
      received += part;
      const head = received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < head + 4 + length) return;
      if (!received.startsWith('HTTP/1.1 200')) return void socket.destroy(new Error(received.slice(0, 200)));
      received = '';
      count += 1;
      if (goesOn()) send();
      else {
        socket.end();
        resolve(count);
      }
    });
  });
}
