import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFolder } from '../engine/make-folder.ts';

function inNewFolder(look: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'runbook-make-folder-'));
  try {
    look(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it('makes a folder and those above it, with their mode, and takes one that is there', () =>
  inNewFolder((folder) => {
    const path = join(folder, 'a', 'b', 'c');
    makeFolder(path, 0o700);
    makeFolder(path, 0o755);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  }));

it('throws where a file is in the way', () =>
  inNewFolder((folder) => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeFolder(join(folder, 'file', 'a', 'b'))).toThrow();
  }));

// In a process of its own: what never returns must not take the tests with it.
it('returns with an error where nothing can be made, as in /proc', () => {
  const file = new URL('../engine/make-folder.ts', import.meta.url).href;
  const script = `import(${JSON.stringify(file)}).then((module) => module.makeFolder('/proc/runbook-test/a/b'))`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', script], { timeout: 20_000, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/ENOENT|EACCES|EROFS|EPERM/);
});

it('a file where the folder should be is an error', () => {
  const parent = mkdtempSync(join(tmpdir(), 'runbook-folder-'));
  const file = join(parent, 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(file)).toThrow(/EEXIST/);
  expect(() => makeFolder(join(file, 'inside'))).toThrow(/ENOTDIR/);
  rmSync(parent, { recursive: true });
});
