// Where the package's own files lie, from the sources and from dist alike.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../errors.ts';
import type { Schema } from '../json.ts';

/** The folder that holds this package's package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    invariant(parent !== folder, 'the engine lies in a package');
    folder = parent;
  }
  return folder;
}

export function packageVersion(): string {
  const manifest: { version?: string } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  return manifest.version ?? '0.0.0';
}

/** The content of `schemas/NAME.schema.json`. */
export function schemaNamed(name: 'playbook' | 'config' | 'contacts'): Schema {
  return JSON.parse(readFileSync(join(packageRoot(), 'schemas', `${name}.schema.json`), 'utf8'));
}
