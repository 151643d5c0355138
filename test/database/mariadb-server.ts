// MariaDB as Debian's mariadb-server installs it, on a data folder and a port of its own; the machine's own server is left alone.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';

const run = promisify(execFile);
const READY_WITHIN_MS = 30_000;

/** Special characters, so that whoever prints the address without care is found out. */
export const PASSWORD = 'p@ss/w0rd#hunter2';

export interface MariadbBinaries {
  readonly server: string;
  readonly install: string;
}

export function findMariadb(): MariadbBinaries | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  const server = find('mariadbd');
  const install = find('mariadb-install-db');
  return server === undefined || install === undefined ? undefined : { server, install };
}

export class MariadbServer {
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #log: string[];

  private constructor({ server }: MariadbBinaries, folder: string, port: number) {
    this.port = port;
    this.#folder = folder;
    this.#process = spawn(
      server,
      [
        '--no-defaults',
        `--user=${userInfo().username}`,
        `--datadir=${join(folder, 'data')}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${join(folder, 's.sock')}`,
        `--pid-file=${join(folder, 'pid')}`,
        // It must survive the end of a test, not a power cut.
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-buffer-pool-size=64M',
        '--character-set-server=utf8mb4',
        // Far from UTC, so that whoever leaves the zone to the server is found out.
        '--default-time-zone=-07:00',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    // A test run that is broken off leaves no server behind.
    process.once('exit', () => this.#process.kill('SIGKILL'));
    const log: string[] = [];
    this.#log = log;
    this.#process.stdout?.on('data', (chunk: Buffer) => log.push(String(chunk)));
    this.#process.stderr?.on('data', (chunk: Buffer) => log.push(String(chunk)));
  }

  static async start(binaries: MariadbBinaries): Promise<MariadbServer> {
    const folder = await mkdtemp(join(tmpdir(), 'runbook-mariadb-'));
    await run(binaries.install, [
      '--no-defaults',
      `--user=${userInfo().username}`,
      `--datadir=${join(folder, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ]);
    const server = new MariadbServer(binaries, folder, await freePort());
    await server.#ready();
    await server.#admin((admin) => admin.query('alter user root@localhost identified by ?', [PASSWORD]), '');
    return server;
  }

  /** @returns the address of a new, empty database. */
  async database(): Promise<string> {
    const name = `app_${randomBytes(4).toString('hex')}`;
    await this.#admin((admin) => admin.query(`create database ${name}`));
    return this.url(name);
  }

  url(database: string, { user = 'root', password = PASSWORD } = {}): string {
    return `mysql://${user}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/${database}`;
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGKILL');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const until = performance.now() + READY_WITHIN_MS;
    for (;;) {
      try {
        await this.#admin((admin) => admin.ping(), '');
        return;
      } catch (cause) {
        if (performance.now() > until || this.#process.exitCode !== null)
          throw new Error(`MariaDB did not start:\n${this.#log.join('')}`, { cause });
      }
      await sleep(50);
    }
  }

  async #admin(work: (admin: mysql.Connection) => Promise<unknown>, password = PASSWORD): Promise<void> {
    const admin = await mysql.createConnection({ host: '127.0.0.1', port: this.port, user: 'root', password });
    try {
      await work(admin);
    } finally {
      await admin.end();
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject()));
    });
  });
}
