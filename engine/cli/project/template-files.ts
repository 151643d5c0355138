// Where templates come from: the project's folder templates/, then the engine's own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseTemplateName, type TemplateSource } from '../../templates/names.ts';
import type { App } from '../app.ts';
import { readText } from '../read-text.ts';
import { packageRoot } from '../resources.ts';
import { shownPath } from '../shown-path.ts';

/** Each file is read when it is asked for. */
export function templateFiles({ cwd, project }: Pick<App, 'cwd' | 'project'>): TemplateSource {
  const { root } = project;
  const shown = (path: string): string => shownPath(cwd, path);
  return (name) => {
    parseTemplateName(name);
    const file = join('templates', `${name}.hbs`);
    const own = root === null ? undefined : readIfThere(join(root, file), shown);
    return own ?? readIfThere(join(packageRoot(), file), () => `built-in/${file}`);
  };
}

function readIfThere(path: string, shown: (path: string) => string) {
  if (!existsSync(path)) return undefined;
  const file = shown(path);
  return {
    file,
    text: readText(path, { code: 'E_TEMPLATE_NOT_READABLE', shown: file, hint: 'Make it a readable file' }),
  };
}
