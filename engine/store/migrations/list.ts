// Every schema there has been, oldest first, one set for all databases. Forward only: a released one never changes.
import type { Migration, MigrationProvider } from 'kysely/migration';
import { initial } from './0001-initial.ts';
import type { SqlFlavour } from './flavour.ts';

interface StoreMigration {
  readonly name: string;
  readonly create: (flavour: SqlFlavour) => Migration;
}

const MIGRATIONS: readonly StoreMigration[] = [{ name: '0001-initial', create: initial }];

export function migrationProvider(flavour: SqlFlavour): MigrationProvider {
  return {
    getMigrations: async () => Object.fromEntries(MIGRATIONS.map(({ name, create }) => [name, create(flavour)])),
  };
}
