// The secrets that playbooks need: whether they can be had, and look like what they should be. No value is printed.
import { judgeValue, kindOf } from '../../../actions/env/variables.ts';
import { RunbookError } from '../../errors.ts';
import { listed } from '../../playbook/suggest.ts';
import type { App } from '../app.ts';
import type { ProjectConfig } from '../project/load-config.ts';
import { openSecrets } from '../runs/open-secrets.ts';
import { brokenBy, type Finding } from './finding.ts';

const COMMAND_TIMEOUT_MS = 10_000;

export interface CheckedSecrets {
  readonly findings: readonly Finding[];
  /** Those that are there. */
  readonly values: ReadonlyMap<string, string>;
}

/** Which playbooks use a secret, and whether all of them can be started without it. */
export interface NeededSecret {
  readonly by: readonly string[];
  readonly isOptional: boolean;
}

export async function checkSecrets(
  app: App,
  config: ProjectConfig,
  needed: ReadonlyMap<string, NeededSecret>,
): Promise<CheckedSecrets> {
  const secrets = openSecrets(app, config, {
    next: 'run runbook doctor again',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
  const findings: Finding[] = [];
  const values = new Map<string, string>();
  // What the config names is looked at too, although no playbook may need it yet.
  for (const name of new Set([...needed.keys(), ...config.secrets.keys()])) {
    const { by, isOptional } = needed.get(name) ?? { by: [], isOptional: false };
    try {
      const value = await secrets.get(name);
      values.set(name, value);
      findings.push(judge(name, value));
    } catch (error) {
      const isMissing = error instanceof RunbookError && error.code === 'E_SECRET_MISSING';
      if (isMissing && isOptional) {
        const text = `${name} is not set. ${listed(by)} can be started without it, and use it in some steps`;
        findings.push({ about: 'secrets', level: 'skipped', text });
        continue;
      }
      const finding = brokenBy('secrets', error);
      const text = `${finding.text}${by.length === 0 ? '' : `. Needed by ${listed(by)}`}`;
      findings.push({ ...finding, text, level: isMissing ? 'warning' : 'broken' });
    }
  }
  if (findings.length === 0) findings.push({ about: 'secrets', level: 'ok', text: 'No playbook needs any' });
  return { findings, values };
}

function judge(name: string, value: string): Finding {
  const { verdict, text } = judgeValue(name, kindOf(name), value);
  if (verdict === 'ok') return { about: 'secrets', level: 'ok', text: `${name} is there, ${text}` };
  return {
    about: 'secrets',
    level: 'broken',
    text: `${name}: ${text}`,
    mend: `Copy ${name} again from where it is issued`,
  };
}
