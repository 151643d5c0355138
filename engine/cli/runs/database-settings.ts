// What the engine is told of the team's own database: the config's mapping, and where its files may lie.
import type { JsonObject } from '../../json.ts';
import type { DatabaseSettings } from '../../run/database.ts';
import type { App } from '../app.ts';

interface Said {
  readonly database?: JsonObject | null;
  /** null outside a project. */
  readonly root: string | null;
  readonly worldFolder?: string;
}

export function databaseSettings(app: Pick<App, 'cwd'>, { database, root, worldFolder }: Said): DatabaseSettings {
  return {
    mapping: database ?? {},
    root: root ?? app.cwd,
    ...(worldFolder === undefined ? {} : { worldFolder }),
  };
}
