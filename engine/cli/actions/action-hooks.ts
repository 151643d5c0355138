// How Node loads actions of a project: `runbook/action` is this very engine, types are stripped whatever the project's
// package.json says, and imports that pass by the gate are seen as they are resolved.
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RunbookError } from '../../errors.ts';
import { bypassesIn, bypassOf } from '../../project/action-source.ts';

export interface ActionHooks {
  /** Runs the file's module. @returns what it exports. @throws whatever it throws; E_ACTION_STRICT */
  load(path: string): Promise<{ readonly [name: string]: unknown }>;
}

export interface ActionHooksOptions {
  /** Refuse what passes by the gate. */
  readonly isStrict: boolean;
  /** Told once a file and module where it is not refused. */
  readonly onBypass: (path: string, modules: readonly string[]) => void;
  readonly shown: (path: string) => string;
}

const ENGINE_ACTION = new URL(import.meta.url.endsWith('.ts') ? '../../action.ts' : '../../action.js', import.meta.url)
  .href;

/**
 * Hooks stay for the life of the process: an action imports heavy modules when it runs. Only modules that belong to loaded
 * actions (the files and what they import of their project) are looked at.
 */
export function installActionHooks({ isStrict, onBypass, shown }: ActionHooksOptions): ActionHooks {
  /** Modules of actions and of what they import, packages apart. */
  const ours = new Set<string>();
  const told = new Map<string, Set<string>>();
  const bypass = (url: string, modules: readonly string[]): void => {
    const path = fileURLToPath(url);
    if (modules.length > 0 && isStrict) throw refusal(shown(path), modules);
    const known = told.get(url) ?? new Set();
    told.set(url, known);
    const fresh = modules.filter((module) => !known.has(module));
    for (const module of fresh) known.add(module);
    if (fresh.length > 0) onBypass(path, fresh);
  };
  const adopt = (url: string): void => {
    if (ours.has(url)) return;
    ours.add(url);
    // Before anything of it runs: what it will import later is in its text.
    bypass(url, bypassesIn(readFileSync(fileURLToPath(url), 'utf8')));
  };
  registerHooks({
    resolve(specifier, context, next) {
      // Always the running engine, installed beside it or not: it tells errors that actions throw by their class.
      if (specifier === 'runbook/action')
        return { url: ENGINE_ACTION, format: formatOf(ENGINE_ACTION), shortCircuit: true };
      const parent = context.parentURL;
      const isFromOurs = parent !== undefined && ours.has(parent);
      const module = isFromOurs ? bypassOf(specifier) : undefined;
      if (parent !== undefined && module !== undefined) bypass(parent, [module]);
      const resolved = next(specifier, context);
      const { url } = resolved;
      if (isFromOurs && url.startsWith('file:') && !url.includes('/node_modules/')) adopt(url);
      const format = ours.has(url) ? formatOf(url) : undefined;
      return format === undefined ? resolved : { ...resolved, format };
    },
  });
  return {
    async load(path) {
      const { href } = pathToFileURL(path);
      adopt(href);
      return import(href);
    },
  };
}

/** Known for TypeScript, so that no package.json has to say `"type": "module"`; Node finds out for the rest. */
function formatOf(url: string): string | undefined {
  if (/\.m?ts$/.test(url)) return 'module-typescript';
  return url === ENGINE_ACTION ? 'module' : undefined;
}

function refusal(shown: string, modules: readonly string[]): RunbookError {
  return new RunbookError({
    code: 'E_ACTION_STRICT',
    message: `${shown} imports ${modules.join(', ')}, which passes by the change ledger's gate`,
    hint: 'Use ctx.fetch or ctx.exec inside ctx.change; or set strictActions to false in runbook.config.yaml, and review the action',
  });
}
